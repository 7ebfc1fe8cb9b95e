/** What CloudTrail's door answers besides the errors of KMS (CloudTrail API reference, LookupEvents, errors). */
export type CloudTrailErrorCode =
  | 'InvalidEventCategoryException'
  | 'InvalidLookupAttributesException'
  | 'InvalidMaxResultsException'
  | 'InvalidNextTokenException'
  | 'InvalidTimeRangeException'
  | 'UnknownOperationException'

/** A refusal in CloudTrail's own words: status 400, `{"__type": code, "message": text}`. */
export class CloudTrailError extends Error {
  constructor(
    readonly code: CloudTrailErrorCode,
    message = '',
  ) {
    super(message)
    this.name = code
  }
}

export const unknownOperation = () => new CloudTrailError('UnknownOperationException')
export const tooManyAttributes = () =>
  new CloudTrailError('InvalidLookupAttributesException', 'Specify no more than one lookup attribute.')
export const invalidAttributeKey = () =>
  new CloudTrailError('InvalidLookupAttributesException', 'Lookup attribute key is not valid.')
export const invalidAttributeValue = () =>
  new CloudTrailError('InvalidLookupAttributesException', 'Lookup attribute value is not valid.')
export const invalidMaxResults = (maxResults: number) =>
  new CloudTrailError(
    'InvalidMaxResultsException',
    `A max results value of ${maxResults} is invalid. Specify max results between 1 and 50.`,
  )
export const invalidNextToken = () => new CloudTrailError('InvalidNextTokenException', 'The next token is not valid.')
export const invalidTimeRange = (message: string) => new CloudTrailError('InvalidTimeRangeException', message)
export const invalidEventCategory = () =>
  new CloudTrailError('InvalidEventCategoryException', 'The event category is not valid.')
