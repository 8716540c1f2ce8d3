import { ValidateTemplateCommand } from '@aws-sdk/client-cloudformation';
import { withAwsError } from '../../aws/errors.ts';
import { renderTemplate } from '../stack/template.ts';
import type { Check } from './check.ts';

/** Whether CloudFormation accepts the template. */
export const template: Check = {
  subject: 'template',
  run: async ({ clients }) => {
    const request = clients.cloudFormation.send(
      new ValidateTemplateCommand({ TemplateBody: await renderTemplate() }),
    );
    await withAwsError('Cannot validate the template', request);
    return 'CloudFormation accepts it.';
  },
};
