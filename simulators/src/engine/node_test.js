// `node:test` for the repository's own tests: what plain service code uses of it, run one after another.
const kit = globalThis.__kit;
const { host } = kit;

class Suite {
  constructor(name, parent) {
    this.name = name;
    this.parent = parent;
    this.children = [];
    this.hooks = { before: [], after: [], beforeEach: [], afterEach: [] };
  }
  get path() {
    return this.parent ? [...this.parent.path, this.name] : [];
  }
  inherited(kind) {
    const own = this.hooks[kind];
    if (!this.parent) return own;
    return kind === "beforeEach" ? [...this.parent.inherited(kind), ...own] : [...own, ...this.parent.inherited(kind)];
  }
}

const root = new Suite("", null);
let current = root;
let queue = Promise.resolve();
let waiting = 0;
let onlyMarked = false;

const frames = (error) => String(error?.stack ?? "").split("\n").map((line) => line.trim());
const place = (error) => {
  const frame = frames(error).find((line) => line.startsWith("at ") && !/node:|<eval>|native/.test(line));
  return frame?.match(/([^\s()]+?:\d+)(:\d+)?\)?$/)?.[1];
};
const describeFailure = (error) => {
  if (!(error instanceof Error)) return `threw ${kit.inspect(error)}`;
  const code = error.code ? ` [${error.code}]` : "";
  const lines = [`${error.name}${code}: ${error.message.trimEnd()}`];
  if (error.code === "ERR_ASSERTION") {
    lines.push(`  expected: ${kit.inspect(error.expected)}`, `  actual: ${kit.inspect(error.actual)}`);
  }
  const at = place(error);
  if (at) lines.push(`  at ${at}`);
  return lines.join("\n");
};

const options = (args) => {
  const [name, opts, run] = [
    args.find((a) => typeof a === "string"),
    args.find((a) => typeof a === "object" && a !== null) ?? {},
    args.find((a) => typeof a === "function"),
  ];
  return { name: name ?? (run?.name || "<anonymous>"), opts, run };
};

const runHooks = async (hooks, context) => {
  for (const hook of hooks) await hook(context);
};

const runTest = async (suite, { name, opts, run }, prefix = suite.path) => {
  if (opts.skip || opts.todo || !run || (onlyMarked && !opts.only)) return null;
  const path = [...prefix, name];
  const title = path.join(" > ");
  host.begin(title);
  let skipped = false;
  let failedInside = 0;
  const context = {
    name,
    fullName: title,
    diagnostic: () => {},
    skip: () => { skipped = true; },
    todo: () => { skipped = true; },
    test: async (...args) => {
      const failure = await runTest(suite, options(args), path);
      if (failure) failedInside += 1;
    },
    before: (hook) => hook(context),
    after: (hook) => late.push(hook),
    mock,
  };
  const late = [];
  let failure = null;
  const attempt = async (work) => {
    try {
      await work();
    } catch (error) {
      failure ??= describeFailure(error);
    }
  };
  await attempt(async () => {
    await runHooks(suite.inherited("beforeEach"), context);
    if (run.length > 1) await new Promise((done, fail) => run(context, (error) => (error ? fail(error) : done())));
    else await run(context);
  });
  await attempt(() => runHooks([...late, ...suite.inherited("afterEach")], context));
  if (failedInside > 0) failure ??= `${failedInside} subtest${failedInside > 1 ? "s" : ""} failed`;
  if (skipped && !failure) host.skip(title);
  else host.end(title, failure);
  return failure;
};

const runSuite = async (suite, declared) => {
  const title = suite.path.join(" > ");
  try {
    await declared;
    await runHooks(suite.hooks.before, suite);
    for (const child of suite.children) await child();
    await runHooks(suite.hooks.after, suite);
  } catch (error) {
    host.begin(title);
    host.end(title, describeFailure(error));
  }
};

// Tests at the top start by themselves, one after another, so that `await test(…)` in a module works.
const add = (work) => {
  if (current !== root) {
    current.children.push(work);
    return Promise.resolve();
  }
  waiting += 1;
  queue = queue.then(work).then(() => { waiting -= 1; });
  return queue;
};

const withMarks = (make) => {
  const marked = (...extra) => (...args) => {
    const { name, opts, run } = options(args);
    return make(name, { ...opts, ...Object.fromEntries(extra) }, run);
  };
  const plain = (...args) => make(...args);
  return Object.assign(plain, {
    skip: marked(["skip", true]), todo: marked(["todo", true]), only: marked(["only", true]),
  });
};

const test = withMarks((...args) => {
  const suite = current;
  const asked = options(args);
  return add(() => runTest(suite, asked));
});

const describe = withMarks((...args) => {
  const { name, opts, run } = options(args);
  if (opts.skip || opts.todo || !run) return Promise.resolve();
  const outer = current;
  const suite = new Suite(name, outer);
  current = suite;
  let declared;
  try {
    declared = run(suite);
  } catch (error) {
    suite.children = [() => { throw error; }];
  } finally {
    current = outer;
  }
  return add(() => runSuite(suite, declared));
});

const hook = (kind) => (run) => {
  current.hooks[kind].push(run);
  if (current === root && kind === "before") add(run);
};

const mock = {
  fn: (implementation = () => undefined) => {
    const calls = [];
    const mocked = function (...args) {
      const call = { arguments: args, this: this, result: undefined, error: undefined };
      calls.push(call);
      try {
        return (call.result = implementation.apply(this, args));
      } catch (error) {
        call.error = error;
        throw error;
      }
    };
    mocked.mock = { calls, callCount: () => calls.length, resetCalls: () => calls.splice(0) };
    return mocked;
  },
};

kit.finished = async () => {
  while (waiting > 0) await queue;
  await runHooks(root.hooks.after, root);
};

const before = hook("before");
const after = hook("after");
const beforeEach = hook("beforeEach");
const afterEach = hook("afterEach");
Object.assign(test, { test, it: test, describe, suite: describe, before, after, beforeEach, afterEach, mock });

export { after, afterEach, before, beforeEach, describe, describe as suite, mock, test, test as it };
export default test;
