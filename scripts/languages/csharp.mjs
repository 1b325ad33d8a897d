// The generated C#: its syntax, its documentation, its project file, and one file for each type. Only the .NET SDK can compile it.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { ROOT } from './programs.mjs';
import { syntaxErrors } from './syntax.mjs';

const { jsii } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));

/** The types that a C# program needs, and a file for each of them: an interface's name starts with I. */
function requireTypes(workspace, names) {
  const { types } = JSON.parse(readFileSync(path.join(workspace.package, '.jsii'), 'utf8'));
  const missing = Object.values(types).map(({ name, datatype }) => datatype ? `I${name}` : name).filter((name) => !names.includes(`${name}.cs`));
  assert.deepEqual(missing, [], 'these types have no C# file');
}

export async function checkCsharp(workspace) {
  const { namespace, packageId } = jsii.targets.dotnet;
  const folder = path.join(workspace.libraries, 'dotnet', packageId);
  const names = readdirSync(folder, { recursive: true }).filter((name) => /\.(cs|csproj)$/.test(name));
  const pieces = names.map((name) => ({ name, language: name.endsWith('.cs') ? 'csharp' : 'xml', source: readFileSync(path.join(folder, name), 'utf8') }));
  const errors = await syntaxErrors(workspace, pieces);
  assert.deepEqual(errors, [], 'the generated C# is not valid');
  requireTypes(workspace, names.map((name) => path.basename(name)));
  const project = pieces.find(({ language }) => language === 'xml').source;
  for (const element of [`<PackageId>${packageId}</PackageId>`, '<PackageReference Include="Amazon.CDK.Lib"']) assert.ok(project.includes(element), `the project file has no ${element}`);
  assert.ok(pieces.some(({ source }) => source.includes(`namespace ${namespace}\n`)), `no type is in the namespace ${namespace}`);
  return `${names.length} files`;
}
