// node tus_upload.mjs PACKAGE URL FILE CHUNK: upload with tus-js-client as its README shows, and print the upload's URL.
import fs from "node:fs"
import { createRequire } from "node:module"

const [folder, endpoint, file, chunk] = process.argv.slice(2)
const tus = createRequire(`${folder}/`)("tus-js-client")

const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint,
  chunkSize: Number(chunk),
  uploadSize: fs.statSync(file).size,
  retryDelays: Array(60).fill(200),
  metadata: { filename: "ä.bin", filetype: "text/plain; charset=utf-8" },
  onError(error) {
    console.error(String(error))
    process.exit(1)
  },
  onSuccess() {
    console.log(upload.url)
  },
})
upload.start()
