import { JudgedTemplates } from './judged-templates';
test('x', async () => {
  const ts = performance.now();
  const t = await JudgedTemplates.synthesize();
  require('fs').writeFileSync('/tmp/try/files.txt', t.templates.map(({ file }) => file).join('\n'));
  console.log(performance.now() - ts);
}, 400000);
