import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorAnswer } from './fields.ts';

/** An error with its HTTP status and the answer to send. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly answer: ErrorAnswer;

  constructor(status: number, error: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.status = status;
    this.answer = { error, message, details };
  }
}

/** The names of errors that Fastify detects, by status. */
const NAMES: Readonly<Record<number, string>> = {
  400: 'bad_request',
  404: 'not_found',
  413: 'too_large',
  414: 'too_large',
  415: 'unsupported_media_type',
  429: 'too_many_requests',
};

/** Answers a request with an error of our format. */
export function answerError(
  error: FastifyError | ApiError,
  reply: FastifyReply,
  unexpected: (error: Error) => void,
): FastifyReply {
  const known = error instanceof ApiError ? error : fromFramework(error);
  if (known.status >= 500 && !(error instanceof ApiError)) unexpected(error);
  return reply.code(known.status).type('application/json; charset=utf-8').send(known.answer);
}

function fromFramework(error: FastifyError): ApiError {
  const [problem] = error.validation ?? [];
  if (problem !== undefined) return invalid(problem as Problem, error.validationContext ?? 'request');
  const status = error.statusCode ?? 500;
  if (status >= 500) return new ApiError(500, 'internal', 'the gateway failed to answer; its log has the error');
  return new ApiError(status, NAMES[status] ?? 'bad_request', error.message);
}

/** A validation error of Ajv, with the option `verbose`. */
interface Problem {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
  readonly data?: unknown;
  readonly schema?: unknown;
  readonly parentSchema?: Readonly<Record<string, unknown>> & {
    readonly properties?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
}

function invalid(problem: Problem, where: string): ApiError {
  const { keyword, params, parentSchema = {} }: Problem = problem;
  if (keyword === 'additionalProperties') {
    const field = String(params.additionalProperty);
    const allowed = Object.keys(parentSchema.properties ?? {});
    return invalidParameter(
      field,
      `${field} is not known here`,
      allowed.length === 0 ? 'no parameters' : allowed.join(', '),
    );
  }
  if (keyword === 'required') {
    const field = String(params.missingProperty);
    return invalidParameter(field, `${field} is missing`, allowedBy(parentSchema.properties?.[field] ?? {}));
  }
  const field = problem.instancePath.slice(1) || where;
  return invalidParameter(field, `${field} ${whatIsWrong(problem, where)}`, allowedBy(parentSchema), problem.data);
}

function whatIsWrong({ keyword, message, data }: Problem, where: string): string {
  if (where === 'querystring' && Array.isArray(data)) return 'is given more than once';
  // Ajv's message has the regular expression.
  return keyword === 'pattern' || message === undefined ? 'is wrong' : message;
}

/** An error with status 400 for one parameter. */
export function invalidParameter(field: string, what: string, allowed: string, found?: unknown): ApiError {
  const message = `${what}; allowed: ${allowed}`;
  return new ApiError(400, 'bad_request', message, { field, allowed, ...(found === undefined ? {} : { found }) });
}

/** What a schema allows, in words. */
export function allowedBy(schema: Readonly<Record<string, unknown>>): string {
  const { type, enum: names, minimum, maximum, description } = schema;
  if (Array.isArray(names)) return names.join(', ');
  const what = type === 'integer' ? 'a whole number' : type === 'number' ? 'a number' : undefined;
  if (what !== undefined && minimum !== undefined && maximum !== undefined)
    return `${what} from ${String(minimum)} to ${String(maximum)}`;
  return typeof description === 'string' ? description : (what ?? 'text');
}

export function notFound(request: FastifyRequest): ApiError {
  return new ApiError(404, 'not_found', 'there is nothing here; /docs lists what there is', {
    method: request.method,
    path: pathOf(request),
  });
}

/** The path without the query, which may contain a token. */
export const pathOf = ({ url }: FastifyRequest): string => url.split('?', 1)[0] ?? '';
