// `npm run bench -- NAME [ARGUMENTS]`: runs test/bench/NAME.ts, which exports `main(args)`. Its OnboxErrors need no stack either.

const { readdirSync } = require('node:fs');
const { build } = require('./build.js');
const { SetupError, inRoot, main } = require('./steps.js');

main(async () => {
  const [name = '', ...args] = process.argv.slice(2);
  build();
  const names = readdirSync(inRoot('dist', 'test', 'bench')).flatMap((file) => /^([a-z0-9-]+)\.js$/.exec(file)?.[1] ?? []);
  if (!names.includes(name)) throw new SetupError(`no benchmark "${name}"; there are: ${names.join(', ')}`);
  // What is built lies a folder deeper than its source, from where the shared test data is looked for.
  process.env.ONBOX_TEST_DATA ??= inRoot('..', 'shared', 'data');
  const benchmark = require(inRoot('dist', 'test', 'bench', `${name}.js`));
  await benchmark.main(args).catch((cause) => {
    throw cause instanceof Error && cause.name === 'OnboxError' ? new SetupError(cause.message, { cause }) : cause;
  });
});
