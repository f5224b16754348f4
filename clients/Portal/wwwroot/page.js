// Adds to pages that work without it: a copy button on code, keys, autosave.
const words = document.getElementById('words').dataset;

function copyButtons() {
  for (const pre of document.querySelectorAll('.prose pre:not(.plain-text)')) {
    if (pre.querySelector('.copy') || !navigator.clipboard) continue;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'copy';
    button.textContent = words.copy;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(pre.querySelector('code')?.textContent ?? pre.textContent);
      button.textContent = words.copied;
      setTimeout(() => { button.textContent = words.copy; }, 2000);
    });
    pre.append(button);
  }
}

// One thing open at a time: a menu closes when something else is clicked, or by Escape.
document.addEventListener('click', event => {
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    if (!menu.contains(event.target)) menu.removeAttribute('open');
  }
});

document.addEventListener('keydown', event => {
  if (event.key === 'Escape') {
    document.querySelector('details.menu[open]')?.removeAttribute('open');
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, textarea, select, [contenteditable]')) return;
  const target = document.querySelector(`[data-key~="${CSS.escape(event.key)}"]`);
  if (!target) return;
  event.preventDefault();
  if (target.matches('details')) target.open = !target.open;
  else if (target.matches('input, textarea')) target.focus();
  else target.click();
});

// What would be sent twice is sent once; the key in the form guards it, too.
document.addEventListener('submit', event => {
  const button = event.submitter;
  if (!button || event.defaultPrevented) return;
  setTimeout(() => { button.disabled = true; }, 0);
  setTimeout(() => { button.disabled = false; }, 4000);
});

// A draft: a copy in this browser every two seconds, on the server every ten.
function autosave() {
  const form = document.querySelector('form[data-draft]');
  if (!form || form.dataset.watched) return;
  form.dataset.watched = 'true';
  const name = `draft:${form.dataset.draft}`;
  const fields = () => Object.fromEntries([...new FormData(form)].filter(([key, value]) => typeof value === 'string' && !key.startsWith('_') && key !== 'key' && key !== 'version'));
  const told = form.querySelector('[data-saved]');
  let before = JSON.stringify(fields());
  let local = before;
  const kept = localStorage.getItem(name);

  if (kept && kept !== before) {
    const restore = form.querySelector('[data-restore]');
    if (restore) {
      restore.hidden = false;
      restore.querySelector('button').addEventListener('click', () => {
        for (const [key, value] of Object.entries(JSON.parse(kept))) {
          const field = form.elements.namedItem(key);
          if (field && 'value' in field) field.value = value;
        }
        restore.hidden = true;
      });
    }
  }

  const everyTwo = setInterval(() => {
    if (!form.isConnected) { clearInterval(everyTwo); clearInterval(everyTen); return; }
    const now = JSON.stringify(fields());
    if (now !== local) { localStorage.setItem(name, now); local = now; }
  }, 2000);
  let saving = false;
  const everyTen = setInterval(async () => {
    const now = JSON.stringify(fields());
    if (saving || now === before || !form.dataset.save) return;
    saving = true;
    try {
      const answer = await fetch(form.dataset.save, { method: 'POST', body: new FormData(form), headers: { 'X-Requested-With': 'autosave' } });
      if (answer.ok) {
        const { version } = await answer.json();
        const field = form.elements.namedItem('version');
        if (field && version) field.value = version;
        before = now;
        localStorage.removeItem(name);
        local = now;
        if (told) told.textContent = words.saved;
      } else if (answer.status === 409 || answer.status === 412) {
        if (told) told.textContent = words.stale;
      }
    } catch { if (told) told.textContent = words.offline; }
    saving = false;
  }, 10000);
  form.addEventListener('submit', () => localStorage.removeItem(name));
}

// What the check button says, said while one types: the page's own answer, after a pause.
function checks() {
  const form = document.querySelector('form[data-checks]');
  if (!form || form.dataset.watched) return;
  form.dataset.watched = 'true';
  let pause, asked = 0;
  form.addEventListener('input', () => {
    clearTimeout(pause);
    pause = setTimeout(async () => {
      const mine = ++asked, body = new FormData(form);
      body.set('do', 'check');
      const answer = await fetch(location.href, { method: 'POST', body }).catch(() => undefined);
      const text = answer && answer.status < 500 ? await answer.text() : undefined;
      if (!text || mine !== asked || !form.isConnected) return;
      const page = new DOMParser().parseFromString(text, 'text/html');
      const told = page.querySelector('[data-checked]');
      if (told) form.querySelector('[data-checked]').textContent = told.textContent;
      for (const input of form.querySelectorAll('.field :is(input, select, textarea)')) {
        const field = input.closest('.field'), fault = page.getElementById(`${input.id}-fault`);
        field.querySelector('.fault')?.remove();
        field.classList.toggle('wrong', Boolean(fault));
        if (fault) { field.append(document.importNode(fault, true)); input.setAttribute('aria-invalid', 'true'); } else input.removeAttribute('aria-invalid');
      }
    }, 300);
  });
}

// What others write appears by itself while the page is looked at.
let updates, followed;

function live() {
  const list = document.querySelector('[data-live]');
  const wanted = list && !document.hidden ? list : undefined;
  if (wanted === followed) return;
  updates?.close();
  followed = wanted;
  if (!wanted) return;
  updates = new EventSource(`/updates?subjects=${wanted.dataset.live}`);
  updates.onmessage = async event => {
    const { id, kind } = JSON.parse(event.data);
    if (kind !== wanted.dataset.kind || document.getElementById(id)) return;
    const answer = await fetch(wanted.dataset.fragment + id);
    if (answer.ok && wanted.isConnected && !document.getElementById(id)) {
      wanted.insertAdjacentHTML('beforeend', await answer.text());
      copyButtons();
    }
  };
}

// Behind another tab nothing was heard: what came meanwhile is on the page as it is now.
async function catchUp() {
  const list = document.querySelector('[data-live]');
  if (!list) return;
  const answer = await fetch(location.href);
  if (!answer.ok || !list.isConnected) return;
  const now = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('[data-live]');
  for (const item of now?.children ?? []) {
    if (!document.getElementById(item.id)) list.append(document.adoptNode(item.cloneNode(true)));
  }
  copyButtons();
}

// A page that looks again by itself does so while it is looked at.
let again;

function lookAgain() {
  clearTimeout(again);
  const seconds = document.querySelector('meta[name="refresh"]')?.content;
  if (seconds && !document.hidden) again = setTimeout(() => location.reload(), seconds * 1000);
}

document.addEventListener('visibilitychange', () => { live(); lookAgain(); if (!document.hidden) catchUp(); });
window.addEventListener('pagehide', () => { updates?.close(); followed = undefined; });
window.addEventListener('pageshow', live);

function ready() { copyButtons(); autosave(); checks(); live(); lookAgain(); }

ready();
window.Blazor?.addEventListener('enhancedload', ready);
