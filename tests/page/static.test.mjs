// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What can be seen of the page without running it.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, posix} from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';

const web = join(dirname(fileURLToPath(import.meta.url)), '../../src/collector/web');
// Who may import whom: those to the right, and their like.
const layers = ['shell', 'views', 'charts', 'models', 'lib'];
const folders = [...layers, 'style'];
const licence = 'SPDX-License-Identifier: LGPL-2.1-or-later';

const markup = [
  /\b(inner|outer)HTML\b/, /\binsertAdjacentHTML\b/, /\bdocument\.write/,
  /\bcreateContextualFragment\b/, /\bDOMParser\b/,
  /\bsetHTML(Unsafe)?\b/, /\bsrcdoc\b/, /\beval\b/, /\bnew Function\b/,
  /\bjavascript:/, /setAttribute\(\s*['"](style|on\w+)['"]/, /\bcssText\b/,
];

function listFiles() {
  const names = ['index.html', 'no-page.html', 'icon.svg'];
  for (const folder of folders) {
    let entries = [];
    try {
      entries = readdirSync(join(web, folder));
    } catch (error) {
      assert.equal(error.code, 'ENOENT');
    }
    names.push(...entries.map((name) => `${folder}/${name}`));
  }
  return names;
}

const sources = new Map(listFiles().map((name) => [name, readFileSync(join(web, name), 'utf8')]));
const modules = new Map([...sources].filter(([name]) => name.endsWith('.js')));

function withoutComments(text) {
  return text.replace(/\/\*[^]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
    .replace(/<!--[^]*?-->/g, '');
}

/** The files that a module imports, as paths from the page's folder. */
export function importsOf(name, text) {
  const found = withoutComments(text)
    .matchAll(/(?<=^|[\s;}])(?:from|import)\s*\(?\s*(['"`])([^'"`\n]*)\1/gm);
  return [...found].map(([, , path]) => path.startsWith('.')
    ? posix.join(posix.dirname(name), path) : path);
}

function layerOf(name) {
  return layers.indexOf(name.split('/')[0]);
}

/** A way from a module back to itself, or null. */
export function cycleFrom(graph, name, way = []) {
  if (way.includes(name))
    return [...way.slice(way.indexOf(name)), name];
  for (const next of graph.get(name) ?? []) {
    const cycle = cycleFrom(graph, next, [...way, name]);
    if (cycle !== null)
      return cycle;
  }
  return null;
}

test('every file of the page is in the resource, and nothing else', () => {
  const xml = readFileSync(join(web, 'page.gresource.xml'), 'utf8');
  const listed = [...xml.matchAll(/<file>([^<]*)<\/file>/g)].map(([, name]) => name).sort();
  const there = [...sources.keys()].filter((name) => name !== 'no-page.html').sort();
  assert.deepEqual(listed, there);
});

test('folders have only what is served', () => {
  for (const name of sources.keys())
    assert.match(name, /^[\w/-]+\.(js|css|html|svg)$/);
});

test('every file says its license, and what it is', () => {
  for (const [name, text] of sources) {
    if (name === 'icon.svg')
      continue;
    assert.ok(text.split('\n', 2).join('\n').includes(licence), name);
    if (name.endsWith('.js'))
      assert.match(text, /^\/\/ SPDX.*\n\/\/\n\/\/ \S/, `${name} does not say what it is`);
  }
});

test('nothing can make markup or a script of text', () => {
  for (const [name, text] of modules)
    for (const pattern of markup)
      assert.doesNotMatch(withoutComments(text), pattern, name);
});

test('documents have no inline script, style or handler', () => {
  for (const name of ['index.html', 'no-page.html']) {
    const text = withoutComments(sources.get(name));
    assert.doesNotMatch(text, /\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)/, name);
  }
});

test('nothing is asked of another host', () => {
  const names = /http:\/\/www\.w3\.org\/(2000\/svg|1999\/xhtml|1999\/xlink)/g;
  for (const [name, text] of sources) {
    const rest = withoutComments(text).replace(names, '');
    assert.doesNotMatch(rest, /https?:\/\/|wss?:\/\/|['"(]\/\/\w|@import|sendBeacon/, name);
  }
});

test('imports name files that there are', () => {
  for (const [name, text] of modules)
    for (const path of importsOf(name, text))
      assert.ok(modules.has(path) || path === 'vendor/uPlot.esm.js', `${name} imports ${path}`);
});

test('imports go downwards: shell, views, charts, models, lib', () => {
  for (const [name, text] of modules)
    for (const path of importsOf(name, text))
      assert.ok(!modules.has(path) || layerOf(path) >= layerOf(name), `${name} imports ${path}`);
});

test('only charts know uPlot, and models know no document', () => {
  for (const [name, text] of modules) {
    if (!name.startsWith('charts/'))
      assert.ok(!importsOf(name, text).includes('vendor/uPlot.esm.js'), name);
    if (name.startsWith('models/'))
      assert.doesNotMatch(withoutComments(text), /\b(document|window|location)\./, name);
  }
});

test('no module imports itself by way of others', () => {
  const graph = new Map([...modules].map(([name, text]) => [name, importsOf(name, text)]));
  for (const name of graph.keys())
    assert.equal(cycleFrom(graph, name), null);
});

test('every module is imported by another one', () => {
  const used = new Set([...modules].flatMap(([name, text]) => importsOf(name, text)));
  for (const name of modules.keys())
    assert.ok(used.has(name) || name === 'shell/main.js', `nobody imports ${name}`);
});

test('every style sheet is linked', () => {
  for (const name of sources.keys())
    if (name.endsWith('.css'))
      assert.ok(sources.get('index.html').includes(`href="/page/${name}"`), name);
});

test('the readers above see what they look for', () => {
  assert.deepEqual(importsOf('views/a.js', `import {a} from '../lib/b.js';
    import './c.js'; get('from'); get('x');
    // import '../lib/d.js';
    const e = await import('../charts/e.js');
    export {f} from './f.js';`), ['lib/b.js', 'views/c.js', 'charts/e.js', 'views/f.js']);
  const ring = new Map([['a', ['b']], ['b', ['c']], ['c', ['b']]]);
  assert.deepEqual(cycleFrom(ring, 'a'), ['b', 'c', 'b']);
  assert.ok(markup.some((pattern) => pattern.test('node.innerHTML = name')));
});
