// Evaluated before any code of a repository: takes away what differs from machine to machine (the clock, the time
// zone, chance) and adds the few globals that plain service code expects. Gives back what the engine needs.
(host) => {
  const RealDate = Date;
  const PARTS = ["FullYear", "Month", "Date", "Day", "Hours", "Minutes", "Seconds", "Milliseconds"];
  const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const ISO_WITHOUT_ZONE = /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d(:\d\d([.,]\d+)?)?$/;
  const ISO_DATE = /^[+-]?\d{4,6}(-\d\d(-\d\d)?)?$/;
  const HAS_ZONE = /(Z|UTC|GMT|[+-]\d\d:?\d\d|\))\s*$/i;

  // A text without a zone means local time, and local time here is UTC, whatever the machine's zone is.
  const parse = (value) => {
    const text = String(value).trim();
    if (ISO_DATE.test(text) || HAS_ZONE.test(text)) return RealDate.parse(text);
    return RealDate.parse(text + (ISO_WITHOUT_ZONE.test(text) ? "Z" : " UTC"));
  };

  function VirtualDate(...parts) {
    if (!new.target) return new VirtualDate().toString();
    let given = parts.length === 0 ? host.now() : parts[0];
    if (parts.length > 1) given = RealDate.UTC(...parts);
    else if (parts.length === 1) {
      if (given instanceof RealDate) given = given.getTime();
      else if (typeof given === "object" && given !== null) given = given[Symbol.toPrimitive]?.("default") ?? given.valueOf();
      if (typeof given === "string") given = parse(given);
    }
    return Reflect.construct(RealDate, [given], new.target);
  }
  const proto = RealDate.prototype;
  VirtualDate.prototype = proto;
  Object.defineProperty(proto, "constructor", { value: VirtualDate, writable: true, configurable: true });
  Object.defineProperty(VirtualDate, "name", { value: "Date" });
  VirtualDate.UTC = RealDate.UTC;
  VirtualDate.parse = parse;
  VirtualDate.now = () => host.now();

  const two = (n) => String(n).padStart(2, "0");
  const define = (name, value) => Object.defineProperty(proto, name, { value, writable: true, configurable: true });
  for (const part of PARTS) {
    define("get" + part, proto["getUTC" + part]);
    if (part !== "Day") define("set" + part, proto["setUTC" + part]);
  }
  define("getTimezoneOffset", function () { return isNaN(this) ? NaN : 0; });
  define("toDateString", function () {
    if (isNaN(this)) return "Invalid Date";
    return `${DAYS[this.getUTCDay()]} ${MONTHS[this.getUTCMonth()]} ${two(this.getUTCDate())} ${this.getUTCFullYear()}`;
  });
  const clock = (d) => `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`;
  define("toTimeString", function () {
    return isNaN(this) ? "Invalid Date" : `${clock(this)} GMT+0000 (Coordinated Universal Time)`;
  });
  define("toString", function () {
    return isNaN(this) ? "Invalid Date" : `${this.toDateString()} ${this.toTimeString()}`;
  });
  // Another zone asked for must not be answered in UTC without a word.
  const checkZone = (options) => {
    const zone = options?.timeZone;
    if (zone !== undefined && !/^(utc|gmt|etc\/(utc|gmt))$/i.test(zone)) {
      throw new RangeError(`Invalid time zone specified: ${zone} (this runtime has no time zone data)`);
    }
  };
  const usDate = (d) => `${d.getUTCMonth() + 1}/${d.getUTCDate()}/${d.getUTCFullYear()}`;
  const usTime = (d) => {
    const rest = `${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())}`;
    return `${d.getUTCHours() % 12 || 12}:${rest} ${d.getUTCHours() < 12 ? "AM" : "PM"}`;
  };
  const local = (write) => function (_locale, options) {
    checkZone(options);
    return isNaN(this) ? "Invalid Date" : write(this);
  };
  define("toLocaleDateString", local(usDate));
  define("toLocaleTimeString", local(usTime));
  define("toLocaleString", local((d) => `${usDate(d)}, ${usTime(d)}`));
  globalThis.Date = VirtualDate;

  let state = 0x2545f491;
  Math.random = () => {
    state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
  delete globalThis.performance;
  delete globalThis.Atomics;
  delete globalThis.SharedArrayBuffer;
  delete globalThis.navigator;
  globalThis.process = Object.freeze({ env: {}, argv: ["node"], platform: "linux", version: "v20.20.0" });

  const quote = (text) => "'" + text.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", "\\n") + "'";
  const key = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name));
  const inspect = (value, depth = 0, seen = []) => {
    if (typeof value === "string") return quote(value);
    if (typeof value === "bigint") return value + "n";
    if (typeof value === "symbol") return value.toString();
    if (typeof value === "function") return `[Function: ${value.name || "(anonymous)"}]`;
    if (value === null || typeof value !== "object") return Object.is(value, -0) ? "-0" : String(value);
    if (seen.includes(value)) return "[Circular]";
    if (value instanceof RealDate) return isNaN(value) ? "Invalid Date" : value.toISOString();
    if (value instanceof RegExp) return String(value);
    if (value instanceof Error) return `[${value.name}: ${value.message}]`;
    if (depth > 4) return Array.isArray(value) ? "[Array]" : "[Object]";
    const inner = (v) => inspect(v, depth + 1, [...seen, value]);
    const list = (items) => (items.length > 100 ? [...items.slice(0, 100), `… ${items.length - 100} more`] : items);
    if (Array.isArray(value)) {
      const items = list(value.slice(0, 101).map(inner));
      return items.length === 0 ? "[]" : `[ ${items.join(", ")} ]`;
    }
    if (value instanceof Map) {
      return `Map(${value.size}) { ${list([...value].map(([k, v]) => `${inner(k)} => ${inner(v)}`)).join(", ")} }`;
    }
    if (value instanceof Set) return `Set(${value.size}) { ${list([...value].map(inner)).join(", ")} }`;
    const entries = list(Object.keys(value).slice(0, 101).map((k) => `${key(k)}: ${inner(value[k])}`));
    const name = value.constructor?.name;
    const head = name === "Object" ? "" : `${name ?? "[Object: null prototype]"} `;
    return entries.length === 0 ? `${head}{}` : `${head}{ ${entries.join(", ")} }`;
  };
  const print = (...values) => host.print(values.map((v) => (typeof v === "string" ? v : inspect(v))).join(" "));
  globalThis.console = { log: print, info: print, warn: print, error: print, debug: print, trace: print };

  // Timers fire in the order of their virtual time once nothing else is left to do; no time passes by itself.
  const timers = [];
  let timersMade = 0;
  let elapsed = 0;
  const later = (every) => (run, ms = 0, ...args) => {
    const wait = Math.max(Number(ms) || 0, 1);
    timers.push({ id: ++timersMade, at: elapsed + wait, run, args, every: every ? wait : 0 });
    return timersMade;
  };
  const clear = (id) => {
    const at = timers.findIndex((timer) => timer.id === id);
    if (at >= 0) timers.splice(at, 1);
  };
  Object.assign(globalThis, {
    setTimeout: later(false), setInterval: later(true), setImmediate: (run, ...args) => later(false)(run, 0, ...args),
    clearTimeout: clear, clearInterval: clear, clearImmediate: clear,
  });
  const clone = (value, seen = new Map()) => {
    if (typeof value === "function" || typeof value === "symbol") throw new TypeError(`${inspect(value)} could not be cloned`);
    if (typeof value !== "object" || value === null) return value;
    if (seen.has(value)) return seen.get(value);
    if (value instanceof RealDate) return new VirtualDate(value.getTime());
    if (value instanceof Map) return new Map([...value].map(([k, v]) => [clone(k, seen), clone(v, seen)]));
    if (value instanceof Set) return new Set([...value].map((v) => clone(v, seen)));
    const copy = Array.isArray(value) ? [] : {};
    seen.set(value, copy);
    for (const name of Object.keys(value)) copy[name] = clone(value[name], seen);
    return copy;
  };
  globalThis.structuredClone = (value) => clone(value);

  // `cache.get(key)`, `cache.select(1).lrange(key, 0, -1)`: a server's own commands by their names, a hash as an object.
  const told = (name, answer) => {
    if (answer?.error) throw Object.assign(new Error(answer.error), { code: answer.error.split(" ")[0] });
    if (name !== "hgetall") return answer?.status ?? answer;
    return Object.fromEntries(Array.from({ length: answer.length / 2 }, (_, i) => [answer[2 * i], answer[2 * i + 1]]));
  };
  const database = (number) => new Proxy({}, {
    get: (_target, name) => {
      if (typeof name !== "string" || name === "then") return undefined;
      if (name === "select") return database;
      return (...words) => told(name, JSON.parse(host.cache(number, JSON.stringify([name, ...words.flat().map(String)]))));
    },
  });

  return {
    inspect,
    cache: database(0),
    host,
    // Fires the next timer; false if there is none.
    tick: () => {
      if (timers.length === 0) return false;
      const next = timers.reduce((a, b) => (b.at < a.at ? b : a));
      clear(next.id);
      elapsed = Math.max(elapsed, next.at);
      if (next.every) timers.push({ ...next, at: elapsed + next.every });
      next.run(...next.args);
      return true;
    },
    db: {
      query: (sql, params = []) => {
        const answer = JSON.parse(host.query(String(sql), JSON.stringify(params)));
        if (answer.error) throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
        return answer.rows;
      },
    },
    call: async (handler, event, context) => {
      const answer = await handler(JSON.parse(event), context);
      return JSON.stringify(answer) ?? "null";
    },
  };
}
