// Another way to send a file: as a tus upload, which can pause, and goes on where it broke off, also after a reload.

export const LARGE = 8 * 2 ** 20; // bytes from which this way is taken
const RETRIES = [0, 1000, 3000, 5000, 10000, 20000]; // milliseconds

let client;

/** Send a file, as `sendForm` does; it can be paused as well. `tell` gets null while the client waits for another try. */
export function sendResumable(file, filename, url, headers, tell) {
  let settle;
  const answer = new Promise((resolve) => (settle = resolve));
  const options = {
    endpoint: `${url}/uploads`,
    chunkSize: LARGE, // servers that read a request to its end before the app sees it lose no more than this
    retryDelays: RETRIES,
    removeFingerprintOnSuccess: true,
    metadata: { filename, filetype: file.type || "application/octet-stream" },
    onBeforeRequest(request) {
      const own = request.getMethod() === "POST" ? Object.entries(headers) : []; // judged once more at the end
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
  started.catch(() => settle({ status: 0 })); // the client itself did not come
  return {
    answer,
    pause: async () => (await started).abort(),
    resume: async () => (await started).start(),
    async end() {
      const upload = await started;
      await upload.abort(true).catch(() => undefined); // where the desk does not answer, it expires
      settle({ status: "cancelled" });
    },
  };
}

/** Whether another try may help after this status. Without a network, the tray tries again once it is back. */
function mayHelp(status) {
  return navigator.onLine && (status < 400 || [409, 423].includes(status) || (status >= 500 && status !== 507));
}

async function begin(file, options) {
  const tus = await (client ??= load());
  const upload = new tus.Upload(file, { ...options, ...remembering(tus.defaultOptions.urlStorage) });
  const [before] = await upload.findPreviousUploads(); // of the same file, before the page was loaded anew
  if (before) upload.resumeFromPreviousUpload(before);
  upload.start();
  return upload;
}

/** Options that keep an upload's URL where somebody was logged out; the client would forget it at each 4xx. */
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
