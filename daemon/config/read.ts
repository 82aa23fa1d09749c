// Where the settings come from: flags go before the environment, that before the file, that before the defaults. What is not known or of
// the wrong type is refused by name, in the file with its line.

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { OnboxError } from '../../runtime/index.js';
import { parseNumber, printLimits } from '../api/limits.js';
import { fileErrorCode } from '../file-error.js';
import { printFact } from '../log.js';
import { environmentName, type Setting, type SettingName, type Settings, settingNames, settings } from './settings.js';

export type Value = string | number | boolean | readonly string[];

export interface Config {
  readonly values: Settings;
  /** As in `flag --port`, `environment ONBOX_HTTP_PORT`, `line 3 of FILE`, `default`. */
  readonly sources: Readonly<Record<SettingName, string>>;
  /** The file, if there is one. */
  readonly file: string | undefined;
}

export interface ConfigInput {
  readonly home: string;
  readonly environment: NodeJS.ProcessEnv;
  /** The file that a flag names; without it ONBOX_CONFIG, or config.json of the home if that is there. */
  readonly file: string | undefined;
  /** What a flag says of a setting, undefined if it is not given. */
  flag(name: string): string | boolean | readonly string[] | undefined;
}

/** The file is a handful of settings; anything larger is something else. */
const fileBytesMax = 256 * 1024;

/** @throws OnboxError `config-invalid`, `config-unsafe`, `file-missing` */
export async function readConfig(input: ConfigInput): Promise<Config> {
  const file = await readFileSettings(input);
  const inEnvironment = readEnvironment(input.environment);
  const values: Record<string, Value> = {};
  const sources: Record<string, string> = {};
  for (const name of settingNames) {
    const setting: Setting = settings[name];
    const flag = setting.flag === undefined ? undefined : input.flag(setting.flag);
    const found = file.values.get(name);
    const variable = inEnvironment.get(name);
    if (flag !== undefined) {
      values[name] = typeof flag === 'string' ? valueOfText(setting, flag, `--${setting.flag}`, 'usage') : flag;
      sources[name] = `flag --${setting.flag}`;
    } else if (variable !== undefined) {
      values[name] = variable;
      sources[name] = `environment ${environmentName(name)}`;
    } else if (found !== undefined) {
      values[name] = found.value;
      sources[name] = `line ${found.line} of ${file.path}`;
    } else {
      values[name] = setting.fallback;
      sources[name] = 'default';
    }
  }
  return { values: values as Settings, sources: sources as Record<SettingName, string>, file: file.path };
}

/** A misspelt variable of a section that exists would be overlooked for ever, so it is refused. */
function readEnvironment(environment: NodeJS.ProcessEnv): ReadonlyMap<SettingName, Value> {
  const sections = new Set(settingNames.map((name) => environmentName(name).split('_', 2).join('_')));
  const names = new Map(settingNames.map((name) => [environmentName(name), name]));
  const values = new Map<SettingName, Value>();
  for (const [variable, given] of Object.entries(environment)) {
    if (given === undefined || !sections.has(variable.split('_', 2).join('_')) || variable.split('_').length < 3) continue;
    const name = names.get(variable);
    if (name === undefined) throw invalid(`there is no setting for the variable ${printFact(variable)}`);
    values.set(name, valueOfText(settings[name], given, variable, 'config-invalid'));
  }
  return values;
}

function valueOfText(setting: Setting, given: string, where: string, code: string): Value {
  const wrong = (wants: string): OnboxError => {
    const got = setting.kind === 'text' && setting.isSecret === true ? 'something else' : printFact(given);
    return new OnboxError(`${where} wants ${wants}, got ${got}`, { code });
  };
  switch (setting.kind) {
    case 'number': {
      const value = parseNumber(given, setting.limits);
      if (value === undefined) throw wrong(printLimits(setting.limits));
      return value;
    }
    case 'switch':
      if (given !== 'true' && given !== 'false') throw wrong('true or false');
      return given === 'true';
    case 'list':
      return given === '' ? [] : given.split(',').map((each) => each.trim());
    case 'text':
      return given;
  }
}

interface Found {
  readonly value: Value;
  readonly line: number;
}

async function readFileSettings(
  input: ConfigInput,
): Promise<{ readonly path: string | undefined; readonly values: ReadonlyMap<SettingName, Found> }> {
  const chosen = input.file ?? (input.environment['ONBOX_CONFIG'] || undefined);
  const path = chosen ?? join(input.home, 'config.json');
  let content: string;
  let mode: number;
  try {
    const facts = await stat(path);
    if (!facts.isFile() || facts.size > fileBytesMax) throw invalid(`${path} is no file of at most ${fileBytesMax} bytes`);
    mode = facts.mode;
    content = await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof OnboxError) throw cause;
    if (fileErrorCode(cause) === 'ENOENT' && chosen === undefined) return { path: undefined, values: new Map() };
    throw new OnboxError(`the configuration ${path} cannot be read`, { code: 'file-missing', cause });
  }
  if ((mode & 0o002) !== 0) {
    throw new OnboxError(`everyone may change ${path}; run: chmod o-w ${path}`, { code: 'config-unsafe' });
  }
  const values = parseSettings(content, path);
  const secret = [...values].find(([name]) => (settings[name] as Setting & { isSecret?: boolean }).isSecret === true);
  if (secret !== undefined && (mode & 0o044) !== 0) {
    throw new OnboxError(`line ${secret[1].line} of ${path}: others may read "${secret[0]}" there; run: chmod 600 ${path}`, {
      code: 'config-unsafe',
    });
  }
  return { path, values };
}

/** @throws OnboxError `config-invalid` naming the line and the setting */
function parseSettings(content: string, path: string): ReadonlyMap<SettingName, Found> {
  const lineOf = (offset: number): number => content.slice(0, offset).split('\n').length;
  const fail = (offset: number, message: string): OnboxError => invalid(`line ${lineOf(offset)} of ${path}: ${message}`);
  const errors: ParseError[] = [];
  const root = parseTree(content, errors, { disallowComments: true, allowTrailingComma: false });
  const [first] = errors;
  if (first !== undefined) throw fail(first.offset, `this is not JSON (${printParseErrorCode(first.error)})`);
  if (root?.type !== 'object') throw fail(0, 'the configuration is an object of sections');
  const values = new Map<SettingName, Found>();
  const known = new Set<string>(settingNames);
  for (const [section, sectionNode] of membersOf(root)) {
    const isKnown = settingNames.some((name) => name.startsWith(`${section}.`));
    if (!isKnown) throw fail(sectionNode.offset, `there is no section ${printFact(section)}`);
    if (sectionNode.type !== 'object') throw fail(sectionNode.offset, `"${section}" wants an object`);
    for (const [key, node] of membersOf(sectionNode)) {
      const name = `${section}.${key}`;
      if (!known.has(name)) throw fail(node.offset, `there is no setting ${printFact(name)}`);
      const given = name as SettingName;
      if (values.has(given)) throw fail(node.offset, `"${name}" is set twice`);
      values.set(given, { value: valueOfNode(given, node, fail), line: lineOf(node.offset) });
    }
  }
  return values;
}

function membersOf(node: Node): readonly (readonly [string, Node])[] {
  return (node.children ?? []).flatMap(({ children }) => {
    const [key, value] = children ?? [];
    return key === undefined || value === undefined ? [] : [[String(key.value), value] as const];
  });
}

function valueOfNode(name: SettingName, node: Node, fail: (offset: number, message: string) => OnboxError): Value {
  const setting: Setting = settings[name];
  const wrong = (wants: string): OnboxError => {
    const got = setting.kind === 'text' && setting.isSecret === true ? '' : `, got ${printFact(node.value ?? node.type)}`;
    return fail(node.offset, `"${name}" wants ${wants}${got}`);
  };
  const { value } = node;
  switch (setting.kind) {
    case 'number': {
      const { min, max } = setting.limits;
      if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
      throw wrong(printLimits(setting.limits));
    }
    case 'switch':
      if (typeof value === 'boolean') return value;
      throw wrong('true or false');
    case 'text':
      if (typeof value === 'string') return value;
      throw wrong('a text');
    case 'list': {
      const items = node.type === 'array' ? (node.children ?? []) : undefined;
      if (items?.every((item) => item.type === 'string')) return items.map((item) => String(item.value));
      throw wrong('a list of texts');
    }
  }
}

function invalid(message: string): OnboxError {
  return new OnboxError(message, { code: 'config-invalid' });
}
