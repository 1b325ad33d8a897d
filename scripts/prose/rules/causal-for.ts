/** "for" in the sense of "because". */
import { findReplacements, proseRule } from '../prose';
import { CAUSAL_FOR } from '../words';

export default proseRule((text) => findReplacements(text, CAUSAL_FOR));
