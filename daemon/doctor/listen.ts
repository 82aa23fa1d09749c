// Where the daemon listens: the configuration, whether the port is free or an onbox answers there, the key that others need, certificates.

import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { errorMessage } from '../../runtime/index.js';
import type { Config } from '../config/read.js';
import { isLoopback, keyPath, readKey } from '../http/key.js';
import { type Check, type Finding, note, ok, type Patient, problem, warning } from './check.js';

const expiryWarningMs = 21 * 24 * 3600 * 1000;

export const configCheck: Check = {
  name: 'config',
  async run(patient: Patient) {
    const config = await read(patient);
    if (typeof config === 'string')
      return [problem('the daemon would not start', config, 'correct it; onbox config show tells what holds')];
    return [ok(config.file === undefined ? 'no file: everything as it comes' : config.file)];
  },
};

/** @returns what is wrong with the configuration, in words, where it cannot be read */
async function read({ config }: Patient): Promise<Config | string> {
  return await config().catch((error: unknown) => errorMessage(error));
}

export const portCheck: Check = {
  name: 'port',
  async run(patient: Patient) {
    const config = await read(patient);
    if (typeof config === 'string') return [];
    const { 'http.host': host, 'http.port': port, 'http.tls_cert': cert } = config.values;
    const running = await patient.ask(host, port, cert !== '');
    if (running !== undefined) {
      const summary = `onbox ${running.version} answers on ${host} port ${port}`;
      const complaints = running.complaints.map(({ name, problem: what, cure }) =>
        problem(`${name}: ${what}`, `${summary} and says so`, cure),
      );
      return complaints.length > 0 ? complaints : [ok(`${summary}, status ${running.status}`)];
    }
    const code = await patient.tryListen(host, port);
    if (code === undefined)
      return [
        note(
          `no daemon answers; port ${port} of ${host} is free`,
          'it does not run',
          'onbox serve, or: sudo systemctl start onbox',
        ),
      ];
    if (code === 'EADDRINUSE') {
      const owner = ownerOf(patient, port);
      const why = `${owner ?? 'another program'} listens there`;
      return [
        problem(
          `port ${port} is taken`,
          why,
          `end it, or choose another port: "http": {"port": ${port + 1}} in the configuration`,
        ),
      ];
    }
    if (code === 'EADDRNOTAVAIL') {
      return [
        problem(
          `${host} is no address of this machine`,
          'the setting http.host says so',
          'see: ip -brief address; 0.0.0.0 listens on all',
        ),
      ];
    }
    if (code === 'EACCES')
      return [problem(`port ${port} may not be used`, 'ports below 1024 belong to root', 'choose a port above 1023')];
    return [problem(`nothing can listen on ${host} port ${port}`, code, 'choose another address or port')];
  },
};

/** The program that listens on a port, where /proc shows it: root sees all, others their own. */
function ownerOf({ files }: Patient, port: number): string | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => files.text(path).split('\n'));
  const inodes = lines.flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    return fields[1]?.endsWith(`:${hex}`) === true && fields[3] === '0A' ? [fields[9]] : [];
  });
  for (const process of files.list('/proc', /^\d+$/)) {
    const sockets = files.names(`${process}/fd`).map((fd) => files.link(`${process}/fd/${fd}`));
    if (!inodes.some((inode) => sockets.includes(`socket:[${inode}]`))) continue;
    return `${files.text(`${process}/comm`)} (process ${process.split('/').at(-1)})`;
  }
  return undefined;
}

export const keyCheck: Check = {
  name: 'key',
  async run(patient: Patient) {
    const config = await read(patient);
    if (typeof config === 'string') return [];
    const { 'http.host': host, 'http.key_file': keyFile, 'http.key': key, 'http.insecure': isInsecure } = config.values;
    const findings: Finding[] = [];
    if (!isLoopback(host) && isInsecure) {
      const why = 'everyone who reaches this machine can use and replace the models';
      findings.push(
        warning(
          `the daemon listens on ${host} without a key`,
          why,
          'remove http.insecure; clients then bear the key of the home',
        ),
      );
    } else if (key === '' && (keyFile !== '' || !isLoopback(host))) findings.push(await checkKeyFile(patient, keyFile));
    else findings.push(ok(isLoopback(host) ? 'not asked for on loopback' : 'of the configuration'));
    return [...findings, ...(await checkCertificate(patient, config.values['http.tls_cert']))];
  },
};

async function checkKeyFile({ files, home }: Patient, chosen: string): Promise<Finding> {
  const path = chosen === '' ? keyPath(home) : chosen;
  if (chosen === '' && !files.has(path)) return ok('made at the first start');
  try {
    await readKey(files.at(path));
    return ok(path);
  } catch (error) {
    const cure = `chmod 600 ${path}, or put one line of 16 to 512 characters into it: openssl rand -hex 32`;
    return problem('the daemon would not start', errorMessage(error), cure);
  }
}

async function checkCertificate({ files, now }: Patient, path: string): Promise<readonly Finding[]> {
  if (path === '') return [];
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(await readFile(files.at(path)));
  } catch (error) {
    return [
      problem(`the certificate ${path} cannot be used`, errorMessage(error), 'set http.tls_cert to a PEM file with the chain'),
    ];
  }
  const [from, to] = [certificate.validFrom, certificate.validTo].map((text) => new Date(text).getTime());
  const cure = 'renew it, then: sudo systemctl kill --signal=HUP onbox';
  const summary = `the certificate ${path} is valid until ${certificate.validTo}`;
  if ((from ?? 0) > now.getTime())
    return [problem(`the certificate ${path} is valid from ${certificate.validFrom} on`, 'it is not valid yet', 'see time')];
  if ((to ?? 0) < now.getTime()) return [problem(summary, 'clients refuse it', cure)];
  return (to ?? 0) < now.getTime() + expiryWarningMs ? [warning(summary, 'that is soon', cure)] : [ok(summary)];
}
