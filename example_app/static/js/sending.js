// Send a file as a form, as every client of the contract does.

/** Send a file.
 *
 * @param tell called with the number of bytes sent so far.
 * @return `answer`, a promise of the status (0 without an answer) and the body; and `end`, which cancels the upload.
 */
export function sendForm(file, filename, url, headers, tell) {
  const form = new FormData();
  form.append("valueType", "File");
  form.append("data", file, filename);
  const request = new XMLHttpRequest(); // fetch does not report progress
  const answer = new Promise((resolve) => {
    request.upload.onprogress = ({ loaded, total }) => tell(Math.min(file.size, (file.size * loaded) / total));
    request.upload.onload = () => tell(file.size);
    request.onload = () => resolve({ status: request.status, body: request.responseText });
    request.onerror = () => resolve({ status: 0 });
    request.onabort = () => resolve({ status: "cancelled" });
  });
  request.open("POST", `${url}/data`);
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.send(form);
  return { answer, end: () => request.abort() };
}
