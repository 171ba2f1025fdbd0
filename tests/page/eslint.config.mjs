// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How the modules of the page and of its tests are written.
const browser = [
  'AbortController', 'AbortSignal', 'Blob', 'BroadcastChannel', 'CSS', 'CustomEvent',
  'DOMException', 'DOMRect', 'Element', 'Event', 'EventSource', 'EventTarget', 'FormData',
  'HTMLElement', 'Headers', 'IntersectionObserver', 'Intl', 'KeyboardEvent', 'MessageEvent',
  'MutationObserver', 'Node', 'NodeFilter', 'Option', 'Path2D', 'PointerEvent', 'ReadableStream',
  'Request', 'ResizeObserver', 'Response', 'TextDecoder', 'TextDecoderStream', 'TextEncoder',
  'TransformStream', 'URL', 'URLSearchParams', 'atob', 'btoa', 'cancelAnimationFrame',
  'clearInterval', 'clearTimeout', 'console', 'customElements', 'devicePixelRatio', 'document',
  'fetch', 'getComputedStyle', 'getSelection', 'history', 'innerHeight', 'innerWidth',
  'localStorage', 'location', 'matchMedia', 'navigator', 'performance', 'queueMicrotask',
  'reportError', 'requestAnimationFrame', 'requestIdleCallback', 'sessionStorage', 'setInterval',
  'setTimeout', 'structuredClone', 'window',
];
const node = [
  'Buffer', 'axe', 'clearImmediate', 'process', 'setImmediate',
];

function globals(names) {
  return Object.fromEntries(names.map((name) => [name, 'readonly']));
}

const everywhere = {
  'array-callback-return': 'error',
  'constructor-super': 'error',
  'eqeqeq': 'error',
  'for-direction': 'error',
  'getter-return': 'error',
  'max-len': ['error', {code: 100, ignoreUrls: true}],
  'no-async-promise-executor': 'error',
  'no-compare-neg-zero': 'error',
  'no-const-assign': 'error',
  'no-control-regex': 'off',
  'no-dupe-args': 'error',
  'no-dupe-class-members': 'error',
  'no-dupe-else-if': 'error',
  'no-dupe-keys': 'error',
  'no-duplicate-case': 'error',
  'no-duplicate-imports': 'error',
  'no-empty': 'error',
  'no-fallthrough': 'error',
  'no-func-assign': 'error',
  'no-import-assign': 'error',
  'no-loss-of-precision': 'error',
  'no-redeclare': 'error',
  'no-self-assign': 'error',
  'no-self-compare': 'error',
  'no-shadow': 'error',
  'no-this-before-super': 'error',
  'no-undef': 'error',
  'no-unreachable': 'error',
  'no-unsafe-finally': 'error',
  'no-unsafe-optional-chaining': 'error',
  'no-unused-vars': ['error', {args: 'after-used'}],
  'no-use-before-define': ['error', {functions: false, classes: false, variables: false}],
  'no-var': 'error',
  'prefer-const': 'error',
  'quotes': ['error', 'single', {avoidEscape: true, allowTemplateLiterals: true}],
  'semi': 'error',
  'use-isnan': 'error',
  'valid-typeof': 'error',
};

const page = {
  'max-lines': ['error', 300],
  'max-lines-per-function': ['error', {max: 40, IIFEs: true}],
  'no-console': ['error', {allow: ['error']}],
  'no-eval': 'error',
  'no-implied-eval': 'error',
  'no-new-func': 'error',
  'no-script-url': 'error',
  'no-restricted-syntax': ['error', {
    selector: 'Literal[value=/^(inner|outer)HTML$|^insertAdjacentHTML$/]',
    message: 'Text of clients is never markup.',
  }, {
    selector: 'MemberExpression[property.name=/^((inner|outer)HTML|insertAdjacentHTML)$/]',
    message: 'Text of clients is never markup.',
  }],
};

export default [
  {linterOptions: {reportUnusedDisableDirectives: 'error'}},
  {
    files: ['src/collector/web/**/*.js'],
    languageOptions: {ecmaVersion: 2023, sourceType: 'module', globals: globals(browser)},
    rules: {...everywhere, ...page},
  },
  {
    files: ['tests/page/**/*.mjs'],
    languageOptions: {ecmaVersion: 2023, sourceType: 'module',
      globals: globals([...node, ...browser])},
    // before and after are hooks there, and times elsewhere.
    rules: {...everywhere, 'no-shadow': ['error', {allow: ['after', 'before']}]},
  },
];
