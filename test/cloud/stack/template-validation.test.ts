import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CelEngine,
  type Engine,
  RegoEngine,
  SchemaValidator,
  TemplateFile,
} from '@aws/cloudformation-validate';
import { expect, onTestFinished, test } from 'vitest';
import { renderTemplate } from '../../../src/cloud/stack/template.ts';

const FILE = 'cloud/minitwit.yaml';
// The validators use the default of InstanceMaxCount, which is 0, as MaxSize. The condition Scales excludes it.
const FALSE_ALARM =
  /^(E3706 0 is less than the minimum|W9003 0 \(from Fn::If on condition 'Scales'\))/;
// The rule lists versions such as 8.4.11. RDS also accepts 8.4, for its default version of 8.4.
const RELEASE_SERIES = "'8.4' is not one of ";

test('AWS’s validators report no problem of the template', async () => {
  const rendered = await renderTemplate();
  const folder = mkdtempSync(join(tmpdir(), 'minitwit-template-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const rego = new RegoEngine();
  const engines = [rego, new CelEngine(), new SchemaValidator()];
  onTestFinished(() => engines.forEach((engine) => engine.free()));
  const file = join(folder, 'rendered.yaml');
  writeFileSync(file, rendered);
  expect(engines.flatMap((engine) => validate(engine, file))).toEqual([]);
  expect(validate(rego, FILE)).toEqual([]);
  // A misspelt property is reported.
  writeFileSync(file, rendered.replace('Family: mysql8.4', 'Familie: mysql8.4'));
  expect(validate(rego, file)).not.toEqual([]);
});

// Findings without a reason: the validator does not recognize a certificate that is another resource of the template,
// it uses the default of a parameter also where a condition excludes this value, and it ignores the condition in an output.
const UNJUSTIFIED = new Set([
  'E3676 HttpsListener',
  'F3033 CertificateAlarm',
  'F3034 Firewall',
  'W1001 MasterSecret',
]);

test('AWS’s validators report no problem of the template of the operators', () => {
  const engines = [new RegoEngine(), new CelEngine(), new SchemaValidator()];
  onTestFinished(() => engines.forEach((engine) => engine.free()));
  expect(engines.flatMap((engine) => validate(engine, 'cloud/operator.yaml'))).toEqual([]);
});

/** Returns a validator's warnings and errors. */
function validate(validator: Engine | SchemaValidator, path: string): string[] {
  const file = new TemplateFile(path);
  const region = 'us-east-1';
  const findings =
    validator instanceof SchemaValidator
      ? validator.validate(file, region)
      : validator.validateStandard(file, { pseudoParameterOverrides: { region } }).diagnostics;
  return findings
    .filter(({ severity }) => ['WARN', 'ERROR', 'FATAL'].includes(severity))
    .filter(({ ruleId, entity }) => !UNJUSTIFIED.has(`${ruleId} ${entity?.logicalId}`))
    .filter(({ ruleId, message }) => !(ruleId === 'E9006' && message.startsWith(RELEASE_SERIES)))
    .map(({ ruleId, message, startLine }) => `${ruleId} ${message} (line ${startLine})`)
    .filter((finding) => !FALSE_ALARM.test(finding));
}
