/**
 * The `evaluate` section of a config: part of the one typed schema. Knows nothing of YAML text or of
 * files.
 */
import * as z from 'zod';
import { agentNames, bleuSmoothings, bleuTokenizers, extractions } from '../../protocol/evaluation';

const count = (max: number) => z.number().int().min(1).max(max);
const fraction = () => z.number().min(0).max(1);
const folder = { 'x-path': { kind: 'folder', extensions: [] } };
const dataFile = { 'x-path': { kind: 'file', extensions: ['jsonl', 'parquet', 'txt'] } };

export const evaluateSchema = z.strictObject({
  model: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A model folder, a checkpoint, or a run by its id or name. Default: the newest run of this config.',
    )
    .meta({ ...folder, examples: ['models/base'] }),
  adapter: z.string().min(1).optional().describe('Folder of an adapter to put on it.').meta(folder),
  checkpoint: z
    .union([z.enum(['best', 'newest']), z.number().int().min(0)])
    .default('best')
    .describe('Of a run: `best`, `newest` or a step.')
    .meta({ 'x-expects': '`best`, `newest` or a step' }),
  data: z
    .string()
    .min(1)
    .optional()
    .describe('Examples: `.jsonl`, `.parquet` or `.txt`. Default: `data.validation`.')
    .meta({ ...dataFile, examples: ['data/test.jsonl'] }),
  format: z
    .enum(['gsm8k', 'chat', 'completion', 'text'])
    .optional()
    .describe(
      "`gsm8k`: question/answer records; `chat`, `completion`: as in `data`; `text`: perplexity alone. Default: by the records' fields and whether the model chats.",
    ),
  text_field: z.string().min(1).default('text').describe('Field of `text` records.'),
  system: z.string().optional().describe('System message of chats that have none.'),
  prompt: z
    .string()
    .min(1)
    .optional()
    .describe('What is asked, with fields of a record in braces, as in `data`.')
    .meta({ examples: ['"{question|strip}"'] }),
  completion: z
    .string()
    .min(1)
    .optional()
    .describe('What should be answered, as in `data`.')
    .meta({ examples: ['"{explanation}\\n### {answer|digits}"'] }),
  extract: z
    .enum(extractions)
    .optional()
    .describe(
      'Where the final answer is: `gsm8k`, after `#### `, with the flexible rule beside it; `marker`, after the first `###`; `text`, all of it. Default: by the references.',
    ),
  from: z.number().int().min(0).default(0).describe('First example, from 0.'),
  samples: count(1e9).optional().describe('At most so many examples. Default: all.'),
  metrics: z
    .array(z.enum(['perplexity', 'rouge', 'bleu', 'exact_match']))
    .min(1)
    .default(['perplexity', 'rouge', 'bleu', 'exact_match'])
    .describe('What is computed. Perplexity alone generates nothing.')
    .meta({ examples: ['perplexity', 'rouge', 'bleu', 'exact_match'] }),
  batch_size: count(4096).default(16).describe('Answers that are written together.'),
  max_new_tokens: count(65536).default(256).describe('Longest answer.'),
  temperature: z.number().min(0).default(0).describe('0 is greedy.'),
  top_k: z.number().int().min(0).default(0).describe('Only the k likeliest tokens; 0 = all.'),
  top_p: fraction().default(1).describe('Only the likeliest tokens that reach p together.'),
  min_p: fraction().default(0).describe('Only tokens at least p times as likely as the likeliest.'),
  repetition_penalty: z.number().positive().default(1).describe('Above 1 discourages repeating.'),
  seed: z
    .number()
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(0)
    .describe('Of the sampling; each example has numbers of its own.'),
  stop: z
    .array(z.string().min(1))
    .max(64)
    .default([])
    .describe('Texts that end an answer, and are no part of it.')
    .meta({ 'x-expects': 'a list such as `["Question:"]`', examples: ['"Question:"'] }),
  backend: z
    .enum(['kv', 'nocache', 'batch'])
    .default('kv')
    .describe('How it is computed: with a cache, without, or padded as transformers does.'),
  quantize: z
    .enum(['int8', 'int4'])
    .optional()
    .describe('Hold linear layers in so few bits. Default: as they are.'),
  rouge_stem: z.boolean().default(true).describe('ROUGE compares Porter stems of words.'),
  bleu_tokenize: z.enum(bleuTokenizers).default('13a').describe('How BLEU parts words.'),
  bleu_smooth: z.enum(bleuSmoothings).default('exp').describe('BLEU: n-grams that never match.'),
  bleu_lowercase: z.boolean().default(false).describe('BLEU: case does not count.'),
  stride: count(65536)
    .optional()
    .describe(
      'Tokens by which windows over texts longer than the context move. Default: half the context.',
    ),
  agent: z
    .enum(agentNames)
    .optional()
    .describe('Answers are those of this agent. Default: one continuation each.'),
  agent_judges: z
    .enum(['answer', 'whole'])
    .default('answer')
    .describe("What an agent's rule looks at: the answer, or prompt and answer, as the notebook."),
  agent_steps: count(1000).default(3).describe('Tries of an agent for each answer.'),
  agent_tokens: count(1e9)
    .optional()
    .describe('New tokens of an agent for each question, all tries together. Default: no limit.'),
  agent_seconds: z
    .number()
    .positive()
    .max(86400)
    .optional()
    .describe('Seconds of an agent for each question. Default: no limit.'),
  votes: count(1000).default(1).describe('Answers of an agent of which the most frequent counts.'),
  max_seconds: z
    .number()
    .positive()
    .optional()
    .describe('The evaluation fails when it takes longer; it can be resumed.'),
});

export type EvaluateConfig = z.infer<typeof evaluateSchema>;
