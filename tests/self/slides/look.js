/*
 * look.js - looks at a deck, in a browser, as somebody in the room would, and
 * writes what is wrong with it into the page, a line each (slides.bats puts it
 * into a copy of the page and reads what Chromium has made of that).
 */
(() => {
	const wrong = [];
	const LEAST = 4.5; /* contrast: WCAG 2.1, 1.4.3 */
	const SLACK = 1; /* pixels, for rounding */

	/* [r, g, b, alpha] of what getComputedStyle() says. */
	function colour(text) {
		const n = text.match(/[\d.]+/g);
		if (!n)
			return [0, 0, 0, 0];
		return [+n[0], +n[1], +n[2], n.length > 3 ? +n[3] : 1];
	}

	/* Relative luminance: WCAG 2.1. */
	function luminance(c) {
		const [r, g, b] = c.map((v) => {
			v /= 255;
			return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
		});
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	}

	function contrast(a, b) {
		const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
		return (x + 0.05) / (y + 0.05);
	}

	function behind(element) {
		for (let e = element; e; e = e.parentElement) {
			const c = colour(getComputedStyle(e).backgroundColor);
			if (c[3] > 0)
				return c;
		}
		return [255, 255, 255, 1];
	}

	/* What a text in a picture stands on: the last shape before it below it. */
	function drawnBehind(text) {
		const box = text.getBoundingClientRect();
		const x = (box.left + box.right) / 2;
		const y = (box.top + box.bottom) / 2;
		let found = [255, 255, 255, 1];
		for (const shape of text.ownerSVGElement.querySelectorAll('rect')) {
			const b = shape.getBoundingClientRect();
			const fill = getComputedStyle(shape).fill;
			if (fill !== 'none' && b.left <= x && x <= b.right &&
			    b.top <= y && y <= b.bottom &&
			    shape.compareDocumentPosition(text) &
				    Node.DOCUMENT_POSITION_FOLLOWING)
				found = colour(fill);
		}
		return found;
	}

	function lookAtSection(section, where) {
		const frame = section.getBoundingClientRect();
		const scale = frame.width / section.offsetWidth || 1;
		if (section.scrollHeight > section.clientHeight + SLACK ||
		    section.scrollWidth > section.clientWidth + SLACK)
			wrong.push(where + 'overflows');
		for (const e of section.querySelectorAll('*')) {
			const b = e.getBoundingClientRect();
			if (b.right > frame.right + SLACK * scale ||
			    b.bottom > frame.bottom + SLACK * scale)
				wrong.push(where + e.tagName + ' is cut off');
			if (e.scrollWidth > e.clientWidth + SLACK && e.tagName === 'PRE')
				wrong.push(where + 'a line of code is too long');
			if (e.tagName === 'IMG' && !(e.complete && e.naturalWidth > 0))
				wrong.push(where + 'a picture is missing');
			if (e.tagName === 'IMG' && !e.alt)
				wrong.push(where + 'a picture without alt text');
		}
	}

	function lookAtTexts(root, where) {
		const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
		for (let t = walk.nextNode(); t; t = walk.nextNode()) {
			const e = t.parentElement;
			if (!t.data.trim() || /^(style|script|title|desc)$/i.test(e.tagName))
				continue;
			const drawn = e.closest('text');
			const style = getComputedStyle(e);
			const c = contrast(colour(drawn ? style.fill : style.color),
					   drawn ? drawnBehind(drawn) : behind(e));
			if (c < LEAST)
				wrong.push(where + 'contrast ' + c.toFixed(2) + ': ' +
					   t.data.trim().slice(0, 40));
		}
	}

	function look() {
		const sections = document.querySelectorAll('section');
		sections.forEach((section, i) => {
			const where = 'slide ' + (i + 1) + ': ';
			lookAtSection(section, where);
			lookAtTexts(section, where);
		});
		document.querySelectorAll('figure').forEach(
			(f) => lookAtTexts(f, 'picture ' + f.id + ': '));
		for (const r of performance.getEntriesByType('resource'))
			if (!/^(data|file|blob):/.test(r.name))
				wrong.push('asks the network for ' + r.name);
		const out = document.createElement('pre');
		out.id = 'looked';
		out.textContent = ['looked at ' + sections.length, ...wrong].join('\n');
		document.body.append(out);
	}

	addEventListener('load', look);
})();
