// Send a large file as a tus upload. It can pause, and continues after a failure or a reload of the page.

export const LARGE = 8 * 2 ** 20; // bytes; smaller files are sent as forms
const RETRIES = [0, 1000, 3000, 5000, 10000, 20000]; // milliseconds

let client;

/** Send a file as `sendForm` does; it can also pause. `tell` gets null while the client waits before another try. */
export function sendResumable(file, filename, url, headers, tell) {
  let settle;
  const answer = new Promise((resolve) => (settle = resolve));
  const options = {
    endpoint: `${url}/uploads`,
    chunkSize: LARGE, // a server that buffers requests loses no more than this when one breaks off
    retryDelays: RETRIES,
    removeFingerprintOnSuccess: true,
    metadata: { filename, filetype: file.type || "application/octet-stream" },
    onBeforeRequest(request) {
      const own = request.getMethod() === "POST" ? Object.entries(headers) : []; // the server repeats the checks at the end
      for (const [name, value] of own) request.setHeader(name, value);
    },
    onProgress: (sent) => tell(sent),
    onShouldRetry(error) {
      const again = mayHelp(error.originalResponse?.getStatus() ?? 0);
      if (again) tell(null);
      return again;
    },
    onSuccess: () => settle({ status: 204 }),
    onError: ({ originalResponse: found }) => settle({ status: found?.getStatus() ?? 0, body: found?.getBody() }),
  };
  const started = begin(file, options);
  started.catch(() => settle({ status: 0 })); // the script of the tus client could not be loaded
  return {
    answer,
    pause: async () => (await started).abort(),
    resume: async () => (await started).start(),
    async end() {
      const upload = await started;
      await upload.abort(true).catch(() => undefined); // if the desk does not answer, the upload expires
      settle({ status: "cancelled" });
    },
  };
}

/** Tell whether another try may help after this status. Without a network, the tray waits until it is back. */
function mayHelp(status) {
  return navigator.onLine && (status < 400 || [409, 423].includes(status) || (status >= 500 && status !== 507));
}

async function begin(file, options) {
  const tus = await (client ??= load());
  const upload = new tus.Upload(file, { ...options, ...remembering(tus.defaultOptions.urlStorage) });
  const [before] = await upload.findPreviousUploads(); // of the same file, from before a reload of the page
  if (before) upload.resumeFromPreviousUpload(before);
  upload.start();
  return upload;
}

/** Options that keep an upload's URL after a 401, so that it continues after the login. By default, any 4xx drops it. */
function remembering(storage) {
  let status;
  const urlStorage = Object.create(storage);
  urlStorage.removeUpload = async (key) => status === 401 || storage.removeUpload(key);
  return { urlStorage, onAfterResponse: (request, response) => (status = response.getStatus()) };
}

function load() {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("../tus/tus.min.js", import.meta.url);
    script.onload = () => resolve(globalThis.tus);
    script.onerror = reject;
    document.head.append(script);
  });
}
