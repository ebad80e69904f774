// A worker that uses the client as applications do, but for a task's variables. Each line of stdin is a command:
// [base URL, path of the variables, name of the command, its arguments …]. Each line of stdout is the client's result.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { Client, File, Variables } from "camunda-external-task-client-js";

const bytes = (content) => (Buffer.isBuffer(content) ? { base64: content.toString("base64") } : { parsed: content });

function commandsOn(baseUrl, path) {
  const { engineService } = new Client({ baseUrl, autoPoll: false });
  const url = (name, rest = "") => `${path}/${encodeURIComponent(name)}${rest}`;
  const put = (name, typedValue) => engineService.request("PUT", url(name), { json: typedValue });
  const modify = (variables) => engineService.post(path, { json: { modifications: variables.getDirtyVariables() } });
  const variables = async () => new Variables(await engineService.get(path), { readOnly: true, engineService });

  return {
    // Values without a type: the client chooses it.
    async setPlain() {
      const values = new Variables().setAll({
        text: "Grüße, 你好 😀",
        integer: 2 ** 31 - 1,
        long: 2 ** 53 - 1,
        double: 0.1,
        yes: true,
        due: new Date("2026-11-23T10:11:12.345Z"),
        list: [1, null, { a: "ä" }],
        nothing: null,
        undefined: undefined,
      });
      values.setTransient("transient", "x");
      await modify(values);
    },

    async setTyped(typedValues) {
      await modify(new Variables().setAllTyped(typedValues));
    },

    async putTyped(typedValues) {
      const dirty = new Variables().setAllTyped(typedValues).getDirtyVariables();
      for (const [name, typedValue] of Object.entries(dirty)) await put(name, typedValue);
    },

    async getAll() {
      return (await variables()).getAll();
    },

    async getAllTyped() {
      return (await variables()).getAllTyped();
    },

    async getTyped(name) {
      return new Variables({ [name]: await engineService.get(url(name)) }).getTyped(name);
    },

    async modifyFile(name, options) {
      await modify(new Variables().set(name, await new File(options).load()));
    },

    async putFile(name, options) {
      await put(name, (await new File(options).load()).createTypedValue());
    },

    async postForm(name, { localPath, filename, mimetype, valueType }) {
      const body = new FormData();
      body.append("data", new Blob([await readFile(localPath)], { type: mimetype }), filename);
      if (valueType) body.append("valueType", valueType);
      await engineService.post(url(name, "/data"), { body });
    },

    // By default the client looks for files among the variables of executions.
    async loadFile(name) {
      const file = (await variables()).get(name);
      file.remotePath = url(name, "/data");
      const { filename, encoding, content } = await file.load();
      return { filename, encoding, ...bytes(content) };
    },

    async loadBytes(name) {
      return bytes(await engineService.get(url(name, "/data")));
    },

    async remove(name) {
      return bytes(await engineService.request("DELETE", url(name)));
    },
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const [baseUrl, path, command, ...options] = JSON.parse(line);
  try {
    const done = await commandsOn(baseUrl, path)[command](...options);
    console.log(JSON.stringify({ done: done ?? null }));
  } catch (error) {
    if (error.name !== "EngineError") throw error;
    const { httpStatusCode: status, type, engineMsg: message, code } = error;
    console.log(JSON.stringify({ refused: { status, type, message, code } }));
  }
}
