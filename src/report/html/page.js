'use strict';
(() => {
const byId = id => document.getElementById(id);
const make = (name, attributes, ...children) => {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
  node.append(...children);
  return node;
};
const draw = (name, attributes, text) => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
};
const unpack = async id => {
  const bytes = Uint8Array.from(atob(byId(id).textContent.trim()), c => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return JSON.parse(await new Response(stream).text());
};
const sign = name => {
  const svg = draw('svg', {class: 'g c-' + name, 'aria-hidden': 'true', viewBox: '0 0 16 16'});
  svg.append(draw('use', {href: '#g-' + name}));
  return svg;
};
const plain = word => word.replaceAll('_', ' ');
const span = s => s < 60 ? s + ' s' : s < 3600 ? Math.floor(s / 60) + ' min' : (Math.floor(s / 360) / 10).toFixed(1) + ' h';

const line = story => {
  const svg = draw('svg', {role: 'img', 'aria-label': 'virtual time line over ' + story.span + ': ' + story.out.length + ' outages'});
  for (const [x, width, who] of story.out) {
    const bar = draw('rect', {class: 'out', x: x + '%', y: 8, width: Math.max(width, .3) + '%', height: 14});
    bar.append(draw('title', {}, who + ' without service'));
    svg.append(bar);
  }
  svg.append(draw('line', {class: 'base', x1: '0%', x2: '100%', y1: 28, y2: 28}));
  for (const [x, kind, what] of story.marks) {
    const tall = kind === 'call' ? 4 : 10;
    const colour = {call: 'c-stalled', deny: 'c-averted', grave: 'c-recoverable_harm', asked: 'c-safe_hand_over', end: 'c-unscored'}[kind];
    const tick = draw('line', {class: colour, x1: x + '%', x2: x + '%', y1: 28 - tall, y2: 28 + tall, stroke: 'currentColor', 'stroke-width': kind === 'call' ? 1 : 2.5});
    tick.append(draw('title', {}, what));
    svg.append(tick);
  }
  svg.append(draw('text', {x: '0%', y: 50}, '0:00:00'), draw('text', {x: '100%', y: 50, 'text-anchor': 'end'}, story.span));
  return make('div', {class: 'line'}, svg);
};
const WORDS = {call: '$', reply: '', would: 'preview', allow: 'allowed', deny: 'denied', did: 'changed', grave: 'destroyed', care: 'on call', said: 'report', end: ''};
const log = story => {
  const list = make('dl', {class: 'log'});
  for (const [at, kind, text] of story.rows) {
    list.append(make('dt', {}, at || WORDS[kind] || ''), make('dd', {class: kind}, text));
  }
  return list;
};

let data, shown = 0, chosen = [];
const STEP = 50;
const filters = ['scenario', 'setup', 'agent', 'class'];
const command = (verb, t) => make('pre', {class: 'cmd'}, 'chesterton ' + verb + ' RUN ' + t.path);

const open = async (details, t) => {
  if (details.dataset.done) return;
  details.dataset.done = 'yes';
  const body = make('div', {class: 'body'});
  details.append(body);
  const kind = data.kinds[t.kind];
  const word = text => text ? plain(text) : '–';
  const facts = [
    ['seed', BigInt.asUintN(64, BigInt(data.seed) + BigInt(t.index))], ['ended', word(kind.ending)], ['proposed, attempted, executed', [kind.proposed, kind.attempted, kind.executed].map(word).join(' → ')],
    ['authority', word(kind.authority)], ['records', t.lost + ' lost for good, ' + t.restored + ' brought back'],
    ['calls denied', t.denied + (t.round ? ', and got round on ' + t.round + ' resources' : '')],
    ['closing report', kind.truth === null ? 'none that could be held against the facts' : kind.truth ? 'true' : 'false'],
  ];
  const terms = make('dl', {class: 'terms'});
  for (const [term, text] of facts) terms.append(make('dt', {}, term), make('dd', {}, String(text)));
  body.append(terms);
  if (byId('t-' + t.id)) {
    const story = await unpack('t-' + t.id);
    body.append(line(story), log(story));
  } else {
    body.append(make('p', {class: 'small soft'}, 'The transcript of this trial is not in this file. It is in the ledger:'), command('show', t));
  }
  if (['averted', 'recoverable_harm', 'permanent_harm'].includes(t.class)) {
    body.append(make('p', {class: 'small soft'}, 'As a correction-of-error document:'), command('postmortem', t));
  }
};

const entry = t => {
  const down = t.down ? 'down ' + span(t.down) : '';
  const lost = t.lost ? t.lost + ' lost' : t.restored ? t.restored + ' restored' : '';
  const summary = make('summary', {}, sign(t.class), make('span', {}, plain(t.class)), make('span', {class: 'where'}, t.path + (byId('t-' + t.id) ? '' : ' ·')),
    make('span', {class: 'n'}, down), make('span', {class: 'n lost'}, lost));
  const details = make('details', {}, summary);
  details.addEventListener('toggle', () => open(details, t));
  return details;
};
const more = () => {
  const next = chosen.slice(shown, shown + STEP);
  byId('list').append(...next.map(entry));
  shown += next.length;
  byId('more').hidden = shown >= chosen.length;
  byId('told').textContent = chosen.length + ' trials' + (shown < chosen.length ? ', ' + shown + ' shown' : '');
};
const choose = () => {
  const wanted = filters.map(name => byId('f-' + name).value);
  chosen = data.trials.filter(t => filters.every((name, i) => !wanted[i] || t[name] === wanted[i]));
  shown = 0;
  byId('list').replaceChildren();
  more();
};
let loading;
const load = () => loading ||= fill();
const fill = async () => {
  data = await unpack('lines');
  data.trials = [];
  const keys = ['index', 'id', 'kind', 'down', 'lost', 'restored', 'denied', 'round'];
  for (let piece = 0; piece < data.pieces; piece++) {
    for (const row of await unpack('lines-' + piece)) {
      const [scenario, setup, agent] = data.cells[row[0]];
      const t = {scenario, setup, agent};
      keys.forEach((key, i) => t[key] = row[i + 1]);
      t.class = data.kinds[t.kind].class;
      t.path = [t.scenario, t.setup, t.agent, t.index].join('/');
      data.trials.push(t);
    }
  }
  for (const name of filters) {
    const select = byId('f-' + name);
    for (const value of new Set(data.trials.map(t => t[name]))) select.append(make('option', {value}, name === 'class' ? plain(value) : value));
    select.addEventListener('change', choose);
  }
  byId('more').addEventListener('click', more);
  byId('filter').hidden = false;
  choose();
};
const go = async wanted => {
  await load();
  filters.forEach(name => byId('f-' + name).value = wanted[name] || '');
  choose();
  const first = byId('list').querySelector('summary');
  byId('trials').scrollIntoView();
  if (first) first.focus({preventScroll: true});
};
if (typeof DecompressionStream === 'undefined') {
  byId('told').textContent = 'This browser cannot unpack the trials. In a terminal: chesterton show RUN SCENARIO/SETUP/AGENT/INDEX';
  return;
}
document.addEventListener('click', event => {
  const cell = event.target.closest('a[data-scenario]');
  if (!cell) return;
  event.preventDefault();
  go(cell.dataset);
});
const watch = new IntersectionObserver(seen => {
  if (!seen.some(s => s.isIntersecting)) return;
  watch.disconnect();
  load();
}, {rootMargin: '800px'});
watch.observe(byId('trials'));
})();
