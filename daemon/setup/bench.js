// `npm run bench -- NAME [ARGUMENTS]`: runs test/bench/NAME.ts, which exports `main(args)`.

const { readdirSync } = require('node:fs');
const { build } = require('./build.js');
const { SetupError, inRoot, main } = require('./steps.js');

main(async () => {
  const [name = '', ...args] = process.argv.slice(2);
  build();
  const names = readdirSync(inRoot('dist', 'test', 'bench')).flatMap((file) => /^([a-z0-9-]+)\.js$/.exec(file)?.[1] ?? []);
  if (!names.includes(name)) throw new SetupError(`no benchmark "${name}"; there are: ${names.join(', ')}`);
  const benchmark = require(inRoot('dist', 'test', 'bench', `${name}.js`));
  await benchmark.main(args);
});
