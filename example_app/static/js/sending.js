// One way to send a file: a form, as every client of the contract sends it.

/** Send a file.
 *
 * @param tell called with the bytes that are sent, each time that there are more.
 * @return a promise of the status (0 for no answer) and the body of the answer, and a function that ends it.
 */
export function sendForm(file, filename, url, headers, tell) {
  const form = new FormData();
  form.append("valueType", "File");
  form.append("data", file, filename);
  const request = new XMLHttpRequest(); // fetch can't tell how much it has sent
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
