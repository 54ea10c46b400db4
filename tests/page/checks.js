// What a page has to hold, as a list of what does not.
(() => {
  const wrong = [];
  const all = selector => [...document.querySelectorAll(selector)];
  const need = (holds, what) => { if (!holds) wrong.push(what); };
  need(document.documentElement.lang === 'en', 'no language');
  need(document.title.trim(), 'no title');
  need(document.querySelector('meta[name=viewport]'), 'no viewport');
  need(all('main').length === 1, 'not one main');
  need(all('h1').length === 1, 'not one h1');
  need(all('header').length >= 1 && all('nav[aria-label]').length === 1, 'no landmarks');
  need(document.querySelector('a.skip'), 'no way past the navigation');
  let level = 1;
  for (const head of all('h1, h2, h3, h4')) {
    const own = Number(head.tagName[1]);
    need(own <= level + 1, 'heading jumps: ' + head.textContent);
    level = own;
  }
  const named = element => (element.getAttribute('aria-label') || element.textContent || '').trim();
  for (const e of all('a, button, summary')) need(named(e), 'no name: ' + e.outerHTML.slice(0, 80));
  for (const e of all('select, input')) need(e.labels && e.labels.length, 'no label: ' + e.outerHTML.slice(0, 80));
  for (const e of all('svg')) need(e.closest('[aria-hidden=true]') || named(e), 'a drawing without a name: ' + e.outerHTML.slice(0, 80));
  for (const e of all('th')) need(e.getAttribute('scope'), 'a head without scope: ' + e.textContent);
  const ids = all('[id]').map(e => e.id);
  need(new Set(ids).size === ids.length, 'an id twice');
  for (const e of all('a[href^="#"]')) need(document.getElementById(e.getAttribute('href').slice(1)), 'leads nowhere: ' + e.getAttribute('href'));
  need(document.documentElement.scrollWidth <= window.innerWidth + 1, 'wider than the screen: ' + document.documentElement.scrollWidth);

  const rgba = colour => {
    const [r, g, b, a = 1] = (colour.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
    return [r, g, b, a];
  };
  const over = (top, under) => top.slice(0, 3).map((c, i) => c * top[3] + under[i] * (1 - top[3])).concat(1);
  const behind = e => {
    const layers = [];
    for (let at = e; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const light = c => {
    const [r, g, b] = c.slice(0, 3).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const contrast = (a, b) => {
    const [x, y] = [light(a), light(b)].sort((m, n) => n - m);
    return (x + .05) / (y + .05);
  };
  let looked = 0;
  for (const e of all('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || ['SCRIPT', 'STYLE', 'NOSCRIPT', 'title', 'OPTION'].includes(e.tagName) || !e.getClientRects().length || e.classList.contains('skip')) continue;
    const style = getComputedStyle(e);
    const is_text = e instanceof SVGElement;
    const found = contrast(over(rgba(is_text ? style.fill : style.color), behind(e)), behind(e));
    const size = parseFloat(style.fontSize), bold = Number(style.fontWeight) >= 700;
    looked += 1;
    if (found < (size >= 24 || (size >= 18.66 && bold) ? 3 : 4.5)) {
      wrong.push('contrast ' + found.toFixed(2) + ': ' + e.tagName + '.' + e.getAttribute('class') + ' ' + e.textContent.trim().slice(0, 40));
    }
  }
  need(looked > 100, 'only ' + looked + ' texts were looked at');
  return [...new Set(wrong)];
})()
