// Opens pages of the report in Chromium and holds them to what they promise. `tests/it/browser.rs` makes the pages.
//
//   CHROMIUM=/usr/bin/chromium node report.mjs small=FILE empty=FILE failed=FILE large=FILE hostile=FILE …
//
// With SHOTS=FOLDER it leaves pictures of each page there.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core"), "utf8");
const SIZE_MAX = 1_000_000;
const WIDE = { width: 1180, height: 900 };
const NARROW = { width: 390, height: 844 };

const profile = await mkdtemp(join(tmpdir(), "concord-import-browser-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM,
  chromiumSandbox: false,
  viewport: WIDE,
  args: ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync"],
});
await context.grantPermissions(["clipboard-read", "clipboard-write"]);

/** Opens a page. Whatever it says, asks for or tries against its policy is kept. */
async function open(file, { viewport = WIDE, scheme = "light" } = {}) {
  const page = await context.newPage();
  const seen = { requests: [], faults: [] };
  page.on("request", (request) => seen.requests.push(request.url()));
  page.on("console", (message) => seen.faults.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => seen.faults.push(String(error)));
  page.on("dialog", (dialog) => {
    seen.faults.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  await page.addInitScript(() => {
    window.violations = [];
    addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.setViewportSize(viewport);
  await page.emulateMedia({ colorScheme: scheme });
  await page.goto(pathToFileURL(file).href);
  return { page, seen };
}

/** What holds of every page. */
async function promises(name, file) {
  assert.ok((await stat(file)).size < SIZE_MAX, `${name}: less than a megabyte`);
  for (const [viewport, scheme] of [[WIDE, "light"], [WIDE, "dark"], [NARROW, "light"], [NARROW, "dark"]]) {
    const what = `${name}, ${viewport.width} px, ${scheme}`;
    const { page, seen } = await open(file, { viewport, scheme });
    assert.equal(await page.locator("h1").count(), 1, what);
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(beyond <= 0, `${what}: ${beyond} px beyond the screen`);
    if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, `${name}-${viewport.width}-${scheme}.png`), fullPage: true });
    for (const details of await page.locator("details").all()) await details.evaluate((one) => (one.open = true));
    assert.deepEqual(await page.evaluate(() => window.violations), [], `${what}: its own policy`);
    assert.deepEqual(seen.faults, [], `${what}: nothing on the console`);
    assert.deepEqual(seen.requests, [pathToFileURL(file).href], `${what}: no request but for itself`);
    await accessible(page, what);
    await page.close();
  }
  await onPaper(name, file);
}

/** axe finds no serious fault. It is brought in by the debugger, past the page's policy, and after it was looked at. */
async function accessible(page, what) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const told = grave.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(({ html }) => html).join(" | ")}`);
  assert.deepEqual(told, [], `${what}: accessibility`);
}

/** On paper nothing is cut off at the side, and what is for the screen alone is gone. */
async function onPaper(name, file) {
  const { page } = await open(file, { viewport: { width: 700, height: 1000 }, scheme: "dark" });
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, `${name}-print.png`), fullPage: true });
  const print = await page.evaluate(() => ({
    paper: getComputedStyle(document.body).backgroundColor,
    nav: document.querySelector("nav") && getComputedStyle(document.querySelector("nav")).display,
    beyond: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  }));
  assert.equal(print.paper, "rgb(255, 255, 255)", `${name}: white on paper, in a dark room as well`);
  assert.ok(print.nav === null || print.nav === "none", `${name}: no navigation on paper`);
  assert.ok(print.beyond <= 0, `${name}: ${print.beyond} px beyond the paper`);
  await page.close();
}

const text = (page, selector) => page.locator(selector).innerText();
const shownRows = (page) => page.locator("#left-table tbody tr:visible").count();
const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());
/** The cells of a column, as they are shown. */
const column = (page, index) =>
  page.locator(`#left-table tbody tr:visible td:nth-child(${index})`).allInnerTexts();
/** `1-3, 7` to the numbers. */
const numbers = (ranges) => ranges.split(", ").flatMap((part) => {
  const [from, to] = part.split("-").map(Number);
  return Array.from({ length: (to ?? from) - from + 1 }, (_, index) => from + index);
});

/** Search, outcome, sort and copy, with the mouse and with the keyboard. */
async function table(file) {
  const { page } = await open(file);
  const all = await shownRows(page);
  assert.ok(all > 3, `${all} entries are listed`);

  // Search, by words in any order, whatever their case.
  const keys = await column(page, 2);
  const key = keys.find((one) => keys.filter((other) => other.includes(one)).length === 1);
  const outcomeOfIt = (await column(page, 4))[keys.indexOf(key)];
  await page.fill("#search", `${outcomeOfIt.toUpperCase()}  ${key.toLowerCase()} `);
  assert.equal(await shownRows(page), 1);
  assert.deepEqual(await column(page, 2), [key]);
  assert.match(await text(page, "#shown"), new RegExp(`^1 of ${all} listed`));
  await page.click("#copy-rows");
  await page.locator("#copy-rows", { hasText: "Copied" }).waitFor();
  assert.deepEqual([await clipboard(page)], await column(page, 1), "the rows that are seen");
  await page.fill("#search", "no such text anywhere");
  assert.equal(await shownRows(page), 0);
  assert.ok(await page.locator("#copy-rows").isDisabled(), "nothing to copy");
  await page.fill("#search", "");
  assert.equal(await shownRows(page), all);

  // An outcome.
  const outcomes = new Set(await column(page, 4));
  for (const outcome of outcomes) {
    await page.selectOption("#outcome", { label: outcome });
    assert.deepEqual(new Set(await column(page, 4)), new Set([outcome]));
  }
  await page.selectOption("#outcome", "");

  // Sorting: up, then down, told to those who do not see it; by the keyboard alone.
  const row = page.locator("#left-table thead button").first();
  await row.focus();
  await page.keyboard.press("Enter");
  const up = (await column(page, 1)).map(Number);
  assert.deepEqual(up, up.toSorted((a, b) => a - b));
  assert.equal(await page.locator("#left-table th").first().getAttribute("aria-sort"), "ascending");
  await page.keyboard.press("Space");
  assert.deepEqual((await column(page, 1)).map(Number), up.toReversed());
  assert.equal(await page.locator("#left-table th").first().getAttribute("aria-sort"), "descending");
  await page.locator("#left-table thead button", { hasText: "Key" }).click();
  assert.equal(await page.locator("#left-table th[aria-sort]").count(), 1);

  // All row numbers.
  await page.click("#copy-rows");
  await page.locator("#copy-rows", { hasText: "Copied" }).waitFor();
  assert.deepEqual(numbers(await clipboard(page)), [...new Set(up)], "each row once, in order");

  // The next command.
  await page.locator(".command button").first().click();
  await page.locator(".command button", { hasText: "Copied" }).first().waitFor();
  assert.equal(await clipboard(page), await page.locator(".command code").first().textContent());
  await page.close();
}

const CHECKS = {
  async small(page, file) {
    assert.match(await text(page, "h1"), /\d+ of \d+ requests created/);
    assert.match(await text(page, ".next"), /concord-import run .*rejects\.csv/s);
    assert.match(await text(page, "#problems"), /line \d+/);
    assert.match(await text(page, "#deadlines"), /GDPR.*30 days.*45\s+days by the CCPA/s);
    assert.equal(await page.locator("#time svg.chart:visible").count(), 3, "throughput, latency, waiting");
    for (const chart of await page.locator("svg.chart").all()) assert.ok((await chart.getAttribute("aria-label")).length > 20);
    await page.locator("#problems .command button").click();
    await page.locator("#problems .command button", { hasText: "Copied" }).waitFor();
    assert.match(await clipboard(page), /^"Wish <b>\d+<\/b>" = "…",  # \d+: line \d+\n$/, "words, as lines for the job file");
    await table(file);
  },
  async empty(page) {
    assert.match(await text(page, "h1"), /The input holds no entry/);
    assert.equal(await page.locator("main section").count(), 0);
  },
  async failed(page) {
    assert.match(await text(page, "h1"), /Stopped early: \d+ of \d+ requests created/);
    assert.match(await text(page, ".lede"), /401/);
    assert.match(await text(page, "#time"), /\b1 rejected, 1 asked to wait, 3 failed or lost/, "what ends a run says nothing of entries");
    assert.match(await text(page, ".next"), /to go on where it stopped/);
  },
  async nightly(page) {
    assert.equal(await page.locator("#runs tbody tr").count(), 30, "the last thirty runs");
    assert.equal(await page.locator("#runs tr[aria-current]").count(), 1);
  },
  async large(page, file) {
    assert.match(await text(page, "#left"), /The first [\d,]+ of [\d,]+ entries are listed/);
    const count = Number((await text(page, "#copy-rows")).replaceAll(/\D/g, ""));
    assert.ok(count > 2_000, `${count} row numbers`);
    await page.click("#copy-rows");
    await page.locator("#copy-rows", { hasText: "Copied" }).waitFor();
    assert.equal(numbers(await clipboard(page)).length, count);
    await page.close();
    await table_is_quick(file);
  },
  async hostile(page) {
    assert.equal(await page.evaluate(() => window.executed), undefined, "nothing was executed");
    assert.equal(await page.locator("img, iframe, object, link, base, form:not(.tools)").count(), 0);
    assert.equal(await page.locator("script").count(), 1);
    const told = await page.evaluate(() => document.body.textContent + document.title);
    assert.ok(told.includes("<script>"), "it is shown as text");
    assert.ok(!/[\u202a-\u202e\u2066-\u2069\u0000-\u0008]/.test(told), "nothing turns the line around");
  },
  async shown(page) {
    assert.match(await text(page, ".warning"), /personal data/);
    assert.ok((await text(page, "body")).includes("jane at example"));
  },
  async again(page) {
    assert.equal(await page.locator("#time svg.chart:visible").count(), 3, "made of ledger and input, it says the same");
  },
  async bare(page) {
    assert.match(await text(page, "#time"), /are not available/);
    assert.equal(await page.locator("#time svg.chart").count(), 0);
  },
};

/** A thousand entries are searched within a moment: many times what it takes, so that only a fault is found. */
async function table_is_quick(file) {
  const { page } = await open(file);
  await page.fill("#search", "T-1");
  await page.waitForFunction(() => /listed entries shown/.test(document.getElementById("shown").textContent), { timeout: 10_000 });
  assert.ok((await shownRows(page)) > 0);
  await page.close();
}

let failed = 0;
try {
  for (const argument of process.argv.slice(2)) {
    const [name, ...path] = argument.split("=");
    const file = path.join("=");
    try {
      assert.ok(CHECKS[name], `a check of that name: ${name}`);
      await promises(name, file);
      const { page } = await open(file);
      await CHECKS[name](page, file);
      await page.close();
      console.log(`ok ${name}`);
    } catch (error) {
      failed += 1;
      console.error(`FAILED ${name}: ${error.message}`);
    }
  }
} finally {
  await context.close();
  await rm(profile, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
