// Where the loop room still looks for these functions.

export { errorFunction, logistic } from '../core/special.js';
