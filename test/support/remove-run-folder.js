// jest's global teardown: the shared folder of the run goes.

module.exports = require('./run-folder.js').remove;
