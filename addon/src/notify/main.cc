// Tells systemd how its service fares: each line of stdin becomes one datagram to the socket that NOTIFY_SOCKET names. Node has
// no datagrams of Unix sockets, and the supervisor, whose child this is, loads no native code. Ends with its stdin.

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <string_view>

int main() {
  const char* named = std::getenv("NOTIFY_SOCKET");
  const std::string_view path = named == nullptr ? "" : named;
  sockaddr_un address{};
  if (path.size() < 2 || path.size() >= sizeof address.sun_path) return 2;
  address.sun_family = AF_UNIX;
  std::memcpy(static_cast<char*>(address.sun_path), path.data(), path.size());
  // A name in the abstract namespace begins with NUL, which the variable spells @.
  if (path.front() == '@') address.sun_path[0] = '\0';
  const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return 1;
  for (std::string line; std::getline(std::cin, line);) {
    // What gets lost is said again: the watchdog's word comes several times within its time.
    sendto(descriptor, line.data(), line.size(), MSG_NOSIGNAL, static_cast<const sockaddr*>(static_cast<const void*>(&address)),
           bytes);
  }
  close(descriptor);
  return 0;
}
