/** Words such as "simply" and "easy". */
import { findReplacements, proseRule } from '../prose';
import { JUDGING_WORDS } from '../words';

export default proseRule((text) => findReplacements(text, JUDGING_WORDS));
