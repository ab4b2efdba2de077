// Renders /openapi.json. Everything is put in as text, never as markup.
"use strict";

function element(name, text, parent, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  if (parent) parent.append(made);
  return made;
}

// `code` and **strong** inside a line; everything else is text.
function inline(text, parent) {
  for (const part of text.split(/(`[^`]+`|\*\*[^*]+\*\*)/)) {
    if (part.startsWith("`")) element("code", part.slice(1, -1), parent);
    else if (part.startsWith("**")) inline(part.slice(2, -2), element("strong", undefined, parent));
    else parent.append(part);
  }
}

// Paragraphs and numbered lists are all the Markdown that the descriptions use.
function prose(text, parent) {
  for (const block of (text || "").trim().split(/\n\s*\n/)) {
    if (!block) continue;
    if (!/^\d+\. /.test(block)) {
      inline(block.replace(/\s*\n\s*/g, " "), element("p", undefined, parent));
      continue;
    }
    const list = element("ol", undefined, parent);
    for (const item of block.split(/\n(?=\d+\. )/)) {
      inline(item.replace(/^\d+\. /, "").replace(/\s*\n\s*/g, " "), element("li", undefined, list));
    }
  }
}

// The schema with what its references name in their place.
function whole(schema, value = schema) {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((part) => whole(schema, part));
  if (value.$ref) {
    const keys = value.$ref.split("/").slice(1);
    return whole(schema, keys.reduce((part, key) => part[key], schema));
  }
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, whole(schema, part)]));
}

function answer(status, response, parent) {
  const part = element("details", undefined, parent);
  element("summary", `${status}: ${response.description}`, part);
  part.open = status === "200";
  for (const [type, content] of Object.entries(response.content || {})) {
    element("p", type, part);
    if (content.example !== undefined) {
      element("pre", JSON.stringify(content.example, null, 1), part).tabIndex = 0;
    }
  }
}

function route(path, method, operation, parent) {
  const heading = element("h2", undefined, parent);
  element("span", method.toUpperCase(), heading, "method");
  heading.append(" ", path);
  prose(operation.description || operation.summary, parent);
  const body = operation.requestBody && operation.requestBody.content;
  if (body) {
    element("h3", "Body", parent);
    inline(Object.keys(body).map((type) => "`" + type + "`").join(", "), element("p", undefined, parent));
  }
  element("h3", "Answers", parent);
  for (const [status, response] of Object.entries(operation.responses || {})) {
    answer(status, response, parent);
  }
}

async function show() {
  const main = document.getElementById("docs");
  const state = document.getElementById("state");
  try {
    const response = await fetch("/openapi.json");
    if (!response.ok) throw new Error(`status ${response.status}`);
    const schema = whole(await response.json());
    state.textContent = `Version ${schema.info.version}.`;
    state.className = "version";
    prose(schema.info.description, main);
    for (const [path, methods] of Object.entries(schema.paths)) {
      for (const [method, operation] of Object.entries(methods)) route(path, method, operation, main);
    }
    const link = element("a", "openapi.json", element("p", "The same for programs: ", main));
    link.href = "/openapi.json";
  } catch (error) {
    state.textContent = `The description could not be loaded (${error.message}); reload the page.`;
  }
  main.setAttribute("aria-busy", "false");
}

show();
