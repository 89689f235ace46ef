// @ts-check
// The theme that was chosen, before anything is drawn: a classic script, which the page waits for.
// Without a choice the system's theme is shown.
{
  let theme = null;
  try {
    theme = localStorage.getItem('douyin.theme');
  } catch {
    // storage is disabled
  }
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
}
