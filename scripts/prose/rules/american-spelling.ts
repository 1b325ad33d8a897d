/** American spelling, as AWS writes. */
import { findReplacements, proseRule } from '../prose';
import { AMERICAN_SPELLING } from '../words';

export default proseRule((text) => findReplacements(text, AMERICAN_SPELLING));
