/* Opens a page in headless Chromium, does what is asked and tells what came of it.

   node browser.js ADDRESS WIDTH HEIGHT STEP...   a step is JavaScript for the page, which may wait until(() => CONDITION); printed
   is {"looks": [of the picture after each step, null where none is drawn], "said": [...], "asked": [...]}: what the page wrote to
   the console, and what it wanted from elsewhere */
const chromium = require("@sparticuz/chromium"), puppeteer = require("puppeteer-core");

async function main(address, width, height, ...steps) {
  const browser = await puppeteer.launch({args: [...chromium.args, "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
                                          executablePath: await chromium.executablePath(), headless: "shell"});
  try {
    const page = await browser.newPage(), said = [], asked = [], looks = [];
    const foreign = url => !url.startsWith(address) && !/^(data|blob):/.test(url);
    await page.setViewport({width: Number(width), height: Number(height)});
    page.on("console", message => said.push(message.text()));
    page.on("pageerror", error => said.push(error.message));
    page.on("request", request => { if (foreign(request.url())) asked.push(request.url()); });
    await page.evaluateOnNewDocument(`const until = ${until}`);
    await page.goto(address);
    for (const step of steps) {
      await page.evaluate(step);
      await new Promise(resolve => setTimeout(resolve, 300));
      looks.push(await page.evaluate(pixels));
    }
    return {looks, said, asked};
  } finally {
    await browser.close();
  }
}

async function until(condition) {  // in the page
  for (const end = Date.now() + 60000; !condition(); await new Promise(resolve => setTimeout(resolve, 50)))
    if (Date.now() > end) throw new Error(`waited in vain until ${condition}`);
}

function pixels() {  // in the page: how many colors its picture has, and a number that another picture would not have
  const drawn = [document, document.querySelector("iframe")?.contentDocument].map(each => each?.querySelector("canvas"));
  const canvas = drawn.find(each => each?.getClientRects().length), copy = document.createElement("canvas");
  if (!canvas) return null;
  Object.assign(copy, {width: canvas.width, height: canvas.height});
  const context = copy.getContext("2d");
  context.drawImage(canvas, 0, 0);
  const {data} = context.getImageData(0, 0, copy.width, copy.height), colors = new Set();
  let digest = 0;
  for (let i = 0; i < data.length; i += 4) {
    const color = data[i] << 16 | data[i + 1] << 8 | data[i + 2];
    colors.add(color);
    digest = (Math.imul(digest, 31) + color) | 0;
  }
  return {colors: colors.size, digest};
}

main(...process.argv.slice(2)).then(found => console.log(JSON.stringify(found)), error => {
  console.error(error);
  process.exit(1);
});
