/** The post-processor of a `tokenizer.json` for one text: ids to put before and after it. */
import type { JsonFields } from './jsonFields';

export interface Frame {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

const bare: Frame = { before: [], after: [] };

/** @throws `tokenizer.unsupported`, `tokenizer.bad-form` */
export function readFrame(
  fields: JsonFields | undefined,
  idOf: (token: string) => number | undefined,
): Frame {
  if (!fields) return bare;
  const type = fields.string('type');
  switch (type) {
    case 'ByteLevel':
      return bare;
    case 'Sequence':
      return fields.objects('processors').reduce((frame, step) => {
        const outer = readFrame(step, idOf);
        return {
          before: [...outer.before, ...frame.before],
          after: [...frame.after, ...outer.after],
        };
      }, bare);
    case 'TemplateProcessing':
      return readTemplate(fields, idOf);
    case 'BertProcessing':
    case 'RobertaProcessing': {
      const [cls, sep] = [fields.list('cls'), fields.list('sep')].map(([token]) => token);
      const idsOf = (token: unknown, name: string) => [
        (typeof token === 'string' ? idOf(token) : undefined) ?? fields.refuse(name, 'is no token'),
      ];
      return { before: idsOf(cls, 'cls'), after: idsOf(sep, 'sep') };
    }
    default:
      return fields.unsupported(`the post-processor "${type.slice(0, 40)}"`);
  }
}

function readTemplate(fields: JsonFields, idOf: (token: string) => number | undefined): Frame {
  const before: number[] = [];
  const after: number[] = [];
  let isPast = false;
  for (const item of fields.objects('single')) {
    const special = item.optional('SpecialToken');
    if (special) (isPast ? after : before).push(...idsOf(fields, special.string('id'), idOf));
    else if (item.optional('Sequence')?.string('id') === 'A' && !isPast) isPast = true;
    else item.unsupported('this template');
  }
  return isPast ? { before, after } : fields.refuse('single', 'has no place for the text');
}

function idsOf(
  template: JsonFields,
  name: string,
  idOf: (token: string) => number | undefined,
): number[] {
  const ids = template.optional('special_tokens')?.optional(name)?.list('ids') ?? [];
  if (ids.length > 0 && ids.length < 16 && ids.every(id => Number.isInteger(id)))
    return ids as number[];
  return [idOf(name) ?? template.refuse('single', 'names a token that is not there')];
}
