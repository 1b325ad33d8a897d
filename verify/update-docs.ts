/** Updates docs/verified.json, docs/verified.md, and README.md after a change of the checks: `npm run verified:docs`. */
import { updateDocs } from './report/write-verified';

void updateDocs();
