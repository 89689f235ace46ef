// Publishing a video.

import * as api from './api.js';
import { make, single, toast } from './dom.js';
import { titled } from './people.js';
import { required, session } from './session.js';

export async function publishPage(_, signal) {
  required();
  const page = make('publish');
  page.file.addEventListener('change', () => preview(page));
  signal.addEventListener('abort', () => URL.revokeObjectURL(page.preview.src));
  const publish = single(() => send(page, signal));
  page.root.addEventListener('submit', (event) => {
    event.preventDefault();
    publish();
  });
  return titled('发布', page.root);
}

function preview({ file, preview, chosen }) {
  URL.revokeObjectURL(preview.src);
  const [video] = file.files;
  preview.hidden = !video;
  chosen.textContent = video?.name ?? '选一个视频，或拖到这里';
  if (!video) return;
  preview.src = URL.createObjectURL(video);
  preview.play().catch(() => {}); // a browser may not play what the server can
}

/** Upload. It goes on when the page is left; what is too long or no video, the server says. */
async function send(page, signal) {
  const upload = new AbortController();
  page.cancel.onclick = () => upload.abort();
  busy(page, true);
  try {
    await api.publish(new FormData(page.root), { signal: upload.signal, progress: (part) => show(page, part) });
  } finally {
    busy(page, false);
  }
  toast('发布成功');
  if (!signal.aborted) location.hash = `#/user/${session.id}`;
}

function show({ progress, state }, part) {
  progress.value = part;
  state.textContent = part < 1 ? `正在上传 ${Math.floor(part * 100)}%` : '上传完成，正在处理…';
}

function busy(page, yes) {
  show(page, 0);
  page.progress.hidden = page.state.hidden = page.cancel.hidden = !yes;
  page.send.disabled = yes;
}
