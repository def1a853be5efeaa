import { Environment, Template } from '@huggingface/jinja';

/** The filters that Jinja documents (https://jinja.palletsprojects.com/en/stable/templates/#list-of-builtin-filters). */
const OF_JINJA =
  'abs attr batch capitalize center d default dictsort e escape filesizeformat first float forceescape format groupby indent int items join last length list lower map max min pprint random reject rejectattr replace reverse round safe select selectattr slice sort string striptags sum title tojson trim truncate unique upper urlencode urlize wordcount wordwrap xmlattr'.split(
    ' ',
  );

/** A value of each type that filters are of. */
const VALUES = { text: 'a', list: ['a'], map: { a: 1 }, number: 1, truth: true };

const KNOWN = new Map<string, boolean>();

/**
 * Whether the library has a filter, of whatever type of value: it has no list of them, but an error of its own for one that is
 * unknown to a type.
 */
export function isFilter(name: string): boolean {
  const known = KNOWN.get(name);
  if (known !== undefined) return known;
  const found = Object.keys(VALUES).some(
    (value) => !isUnknown(`{{ ${value} | ${name} }}`) || !isUnknown(`{{ ${value} | ${name}() }}`),
  );
  KNOWN.set(name, found);
  return found;
}

/** The names of Jinja's filters that the library has. */
export function filterNames(): readonly string[] {
  return OF_JINJA.filter(isFilter);
}

/** The names of the tests that may follow `is`. */
export function testNames(): readonly string[] {
  const { tests }: { readonly tests: ReadonlyMap<string, unknown> } = new Environment();
  return [...tests.keys()];
}

function isUnknown(template: string): boolean {
  try {
    new Template(template).render(VALUES);
    return false;
  } catch (error) {
    return (
      error instanceof Error && /^(?:Unknown (?:\w+ )?filter: |Cannot apply filter )/.test(error.message)
    );
  }
}
