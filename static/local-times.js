// Shows times in the reader's time zone. Without this script, they are in UTC.
for (const element of document.querySelectorAll('time')) {
  const time = new Date(element.dateTime);
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString();
  element.title = element.textContent;
  element.textContent = `${local.slice(0, 10)} @ ${local.slice(11, 16)}`;
}
