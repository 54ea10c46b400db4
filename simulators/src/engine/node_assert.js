// `node:assert/strict` and `node:assert`: the checks that plain tests use, with messages that carry the same facts.
const { inspect } = globalThis.__kit;

export class AssertionError extends Error {
  constructor({ message, actual, expected, operator }) {
    super(message);
    this.name = "AssertionError";
    this.code = "ERR_ASSERTION";
    Object.assign(this, { actual, expected, operator, generatedMessage: false });
  }
}

const fail = (message, own, facts) => {
  if (own instanceof Error) throw own;
  throw new AssertionError({ message: own ?? message, ...facts });
};

const primitive = (value) => value === null || (typeof value !== "object" && typeof value !== "function");

const sameDeep = (a, b, loose, seen = []) => {
  if (primitive(a) || primitive(b)) return loose ? a == b || (a !== a && b !== b) : Object.is(a, b);
  if (a === b) return true;
  if (typeof a === "function" || typeof b === "function") return false;
  if (!loose && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (seen.some(([x, y]) => x === a && y === b)) return true;
  const inner = (x, y) => sameDeep(x, y, loose, [...seen, [a, b]]);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (a instanceof Date || b instanceof Date) {
    return a instanceof Date && b instanceof Date && Object.is(a.getTime(), b.getTime());
  }
  if (a instanceof RegExp || b instanceof RegExp) return String(a) === String(b);
  if (a instanceof Error && (a.message !== b.message || a.name !== b.name)) return false;
  if (a instanceof Map) {
    if (!(b instanceof Map) || a.size !== b.size) return false;
    return [...a].every(([k, v]) => b.has(k) && inner(v, b.get(k)));
  }
  if (a instanceof Set) {
    if (!(b instanceof Set) || a.size !== b.size) return false;
    return [...a].every((v) => b.has(v) || [...b].some((w) => inner(v, w)));
  }
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((n) => Object.hasOwn(b, n) && inner(a[n], b[n]));
};

const expectation = (error, expected, message) => {
  if (expected === undefined) return;
  if (expected instanceof RegExp) {
    if (!expected.test(String(error))) {
      fail(`The input did not match the regular expression ${expected}. Input: ${inspect(String(error))}`, message, {
        actual: error, expected, operator: "throws",
      });
    }
  } else if (typeof expected === "function") {
    if (expected.prototype !== undefined && error instanceof expected) return;
    if (expected === Error || expected.prototype instanceof Error || expected(error) !== true) {
      fail(`The error is not of the expected kind: ${inspect(error)}`, message, { actual: error, expected, operator: "throws" });
    }
  } else {
    for (const [name, value] of Object.entries(expected)) {
      const got = error?.[name];
      const same = value instanceof RegExp && typeof got === "string" ? value.test(got) : sameDeep(got, value, false);
      if (!same) {
        fail(`The error's ${name} differs: ${inspect(got)} instead of ${inspect(value)}`, message, {
          actual: got, expected: value, operator: "throws",
        });
      }
    }
  }
};

const split = (expected, message) => (typeof expected === "string" ? [undefined, expected] : [expected, message]);

const make = (loose) => {
  const same = (a, b) => (loose ? a == b || (a !== a && b !== b) : Object.is(a, b));
  const word = loose ? "loosely" : "strictly";
  const ok = (value, message) => {
    if (!value) {
      fail(`The expression evaluated to a falsy value: ${inspect(value)}`, message, { actual: value, expected: true, operator: "==" });
    }
  };
  const check = (operator, holds, text) => (actual, expected, message) => {
    if (!holds(actual, expected)) fail(text(actual, expected), message, { actual, expected, operator });
  };
  const strictEqual = check("strictEqual", Object.is, (a, b) =>
    `Expected values to be strictly equal: ${inspect(a)} !== ${inspect(b)}`);
  const notStrictEqual = check("notStrictEqual", (a, b) => !Object.is(a, b), (a) =>
    `Expected "actual" to be strictly unequal to: ${inspect(a)}`);
  const deepStrictEqual = check("deepStrictEqual", (a, b) => sameDeep(a, b, false), () =>
    "Expected values to be strictly deep-equal");
  const notDeepStrictEqual = check("notDeepStrictEqual", (a, b) => !sameDeep(a, b, false), (a) =>
    `Expected "actual" not to be strictly deep-equal to: ${inspect(a)}`);
  const throws = (run, expectedOrText, text) => {
    const [expected, message] = split(expectedOrText, text);
    let thrown;
    try {
      run();
    } catch (error) {
      thrown = { error };
    }
    if (!thrown) fail("Missing expected exception.", message, { actual: undefined, expected, operator: "throws" });
    expectation(thrown.error, expected, message);
  };
  const rejects = async (work, expectedOrText, text) => {
    const [expected, message] = split(expectedOrText, text);
    let thrown;
    try {
      await (typeof work === "function" ? work() : work);
    } catch (error) {
      thrown = { error };
    }
    if (!thrown) fail("Missing expected rejection.", message, { actual: undefined, expected, operator: "rejects" });
    expectation(thrown.error, expected, message);
  };
  const unwanted = (what) => (error, message) =>
    fail(`Got unwanted ${what}. Actual message: ${inspect(error?.message)}`, message, {
      actual: error, expected: undefined, operator: "doesNotThrow",
    });
  const doesNotThrow = (run, message) => {
    try {
      run();
    } catch (error) {
      unwanted("exception")(error, typeof message === "string" ? message : undefined);
    }
  };
  const doesNotReject = async (work, message) => {
    try {
      await (typeof work === "function" ? work() : work);
    } catch (error) {
      unwanted("rejection")(error, typeof message === "string" ? message : undefined);
    }
  };
  const assert = (value, message) => ok(value, message);
  return Object.assign(assert, {
    ok,
    equal: loose ? check("==", same, (a, b) => `Expected values to be ${word} equal: ${inspect(a)} != ${inspect(b)}`) : strictEqual,
    notEqual: loose ? check("!=", (a, b) => !same(a, b), (a) => `Expected "actual" to be unequal to: ${inspect(a)}`) : notStrictEqual,
    deepEqual: loose
      ? check("deepEqual", (a, b) => sameDeep(a, b, true), () => "Expected values to be loosely deep-equal")
      : deepStrictEqual,
    notDeepEqual: loose
      ? check("notDeepEqual", (a, b) => !sameDeep(a, b, true), (a) => `Expected "actual" not to be deep-equal to: ${inspect(a)}`)
      : notDeepStrictEqual,
    strictEqual, notStrictEqual, deepStrictEqual, notDeepStrictEqual,
    throws, rejects, doesNotThrow, doesNotReject,
    match: check("match", (text, pattern) => typeof text === "string" && pattern.test(text), (text, pattern) =>
      `The input did not match the regular expression ${pattern}. Input: ${inspect(text)}`),
    doesNotMatch: check("doesNotMatch", (text, pattern) => typeof text !== "string" || !pattern.test(text), (text, pattern) =>
      `The input was expected to not match the regular expression ${pattern}. Input: ${inspect(text)}`),
    fail: (message) => fail("Failed", message, { operator: "fail" }),
    ifError: (value) => {
      if (value !== null && value !== undefined) throw value;
    },
    AssertionError,
  });
};

// `LOOSE` is put before this text by the loader: true for `node:assert`, whose `equal` is `==`.
const assert = make(LOOSE);
assert.strict = make(false);
assert.strict.strict = assert.strict;

export const {
  ok, equal, notEqual, deepEqual, notDeepEqual, strictEqual, notStrictEqual, deepStrictEqual, notDeepStrictEqual,
  throws, rejects, doesNotThrow, doesNotReject, match, doesNotMatch, fail: failNow, ifError, strict,
} = assert;
export { failNow as fail };
export default assert;
