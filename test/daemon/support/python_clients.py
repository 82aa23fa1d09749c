# What tritonclient and python-requests send, by Python's standard library alone: http.client with the same bytes.
# Usage: python_clients.py PORT; prints one JSON object of what came back.

import http.client
import json
import struct
import sys
import zlib


def ask(port, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest(method, path, skip_accept_encoding=True)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    for name, value in (headers or {}).items():
        connection.putheader(name, value)
    connection.endheaders(body)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def infer(port, compress):
    values = struct.pack("<192f", *range(192))
    image = {"name": "images", "shape": [1, 3, 8, 8], "datatype": "FP32"}
    image["parameters"] = {"binary_data_size": len(values)}
    request = {"id": "42", "inputs": [image], "outputs": [{"name": "out", "parameters": {"binary_data": True}}]}
    head = json.dumps(request, separators=(",", ":")).encode()
    body = head + values
    headers = {"Inference-Header-Content-Length": str(len(head))}
    if compress:
        body = zlib.compress(body)
        headers["Content-Encoding"] = "deflate"
    response, content = ask(port, "POST", "/v2/models/finder/infer", body, headers)
    size = int(response.getheader("Inference-Header-Content-Length"))
    answer = json.loads(content[:size])
    return {"status": response.status, "id": answer["id"], "out": list(struct.unpack("<4f", content[size:]))}


def detect(port):
    boundary = "0123456789abcdef"
    parts = [
        'Content-Disposition: form-data; name="api_key"\r\n\r\n',
        'Content-Disposition: form-data; name="min_confidence"\r\n\r\n0.4',
        'Content-Disposition: form-data; name="image"; filename="image"\r\n\r\nbox',
    ]
    body = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--\r\n"
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    response, content = ask(port, "POST", "/v1/vision/detection", body.encode(), headers)
    return {"status": response.status, "predictions": json.loads(content)["predictions"]}


def main():
    port = int(sys.argv[1])
    index = ask(port, "POST", "/v2/repository/index")[1]
    unknown, text = ask(port, "GET", "/v2/models/absent")
    print(
        json.dumps(
            {
                "live": ask(port, "GET", "/v2/health/live")[0].status,
                "index": json.loads(index),
                "unknown": [unknown.status, json.loads(text)["error"]],
                "plain": infer(port, False),
                "deflate": infer(port, True),
                "detect": detect(port),
            }
        )
    )


main()
