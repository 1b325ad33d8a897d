/** Literary and vague words. */
import { findReplacements, proseRule } from '../prose';
import { PLAIN_WORDS } from '../words';

export default proseRule((text) => findReplacements(text, PLAIN_WORDS));
