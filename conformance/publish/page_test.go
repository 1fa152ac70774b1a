package publish

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// wide makes a page of many columns with long names.
func wide(t *testing.T) []Run {
	t.Helper()
	runs := twoRuns(t)
	for i := range 10 {
		one := twoRuns(t)[i%2]
		one.Name = fmt.Sprintf("an-implementation-with-a-name-that-has-no-space-in-it/%d", i)
		runs = append(runs, one)
	}
	return runs
}

// fits fails if the page can be moved sideways.
func (b *browser) fits() {
	b.t.Helper()
	b.is(`document.documentElement.scrollWidth <= innerWidth && document.body.scrollWidth <= innerWidth`)
}

func TestPageInABrowser(t *testing.T) {
	b := startBrowser(t)
	const failing = `tr[data-case=c1] td:nth-child(2) a`
	tests := []struct {
		name          string
		width, height int
		dark          bool
	}{{"desktop", 1280, 900, false}, {"desktop-dark", 1280, 900, true}, {"phone", 390, 844, false}, {"phone-dark", 390, 844, true}, {"small", 320, 568, false}}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			scheme := map[bool]string{false: "light", true: "dark"}[tc.dark]
			b.call("Emulation.setEmulatedMedia", map[string]any{"features": []any{
				map[string]any{"name": "prefers-color-scheme", "value": scheme}, map[string]any{"name": "prefers-reduced-motion", "value": "reduce"},
			}}, nil)
			b.t = t
			for _, runs := range [][]Run{{twoRuns(t)[0]}, twoRuns(t), wide(t)} {
				b.open(page(t, runs...), tc.width, tc.height, "")
				b.fits()
				b.is(`getComputedStyle(document.querySelector(".filters")).display !== "none" && getComputedStyle(document.querySelector("#cases")).display === "none"`)
				b.quiet()
			}
			b.shot(tc.name + "-wide")
			b.open(page(t, twoRuns(t)...), tc.width, tc.height, "")
			b.shot(tc.name)
			b.click(failing)
			b.is(`document.querySelector("dialog").open`)
			b.fits()
			b.is(`document.querySelector("#slot mark").textContent.length === 2`)
			b.is(`document.querySelector("#slot").innerText.includes("A receiver MUST answer a header whose checksum is wrong")`)
			b.is(`document.querySelector("#slot").innerText.includes("--run frame/header-checksum-wrong --seed 7")`)
			b.is(`document.querySelector("#slot").scrollWidth <= document.querySelector("#slot").clientWidth`)
			b.shot(tc.name + "-detail")
			b.quiet()
		})
	}
}

func TestPageByKeyboard(t *testing.T) {
	b := startBrowser(t)
	b.open(page(t, twoRuns(t)...), 1280, 900, "")
	b.key("/", 191, "/")
	b.is(`document.activeElement.id === "find"`)
	b.call("Input.insertText", map[string]any{"text": "FRAME-001 zero"}, nil)
	b.settle()
	b.is(`document.querySelectorAll("tr.case:not([hidden])").length === 1 && document.querySelector("#shown").textContent === "1 of 7 cases"`)
	b.is(`document.querySelectorAll(".matrix tbody:not([hidden])").length === 1`)
	b.eval(`document.querySelector("#find").select()`, nil)
	b.key("Backspace", 8, "")
	b.is(`document.querySelectorAll("tr.case:not([hidden])").length === 7 && document.querySelector("#shown").textContent === ""`)

	// From the matrix on, Tab reaches every cell, and Enter opens it.
	b.eval(`document.querySelector("#matrix").focus()`, nil)
	reached := false
	for range 40 {
		b.key("Tab", 9, "")
		b.eval(`document.activeElement.getAttribute("aria-label") === "frame/header-checksum-wrong, sample/1.0: fail"`, &reached)
		if reached {
			break
		}
	}
	require.True(t, reached, "Tab reaches the cell")
	b.key("Enter", 13, "\r")
	b.is(`document.querySelector("dialog").open && document.activeElement.tagName === "H3"`)
	b.is(`document.querySelector("#position").textContent === "2 of 7"`)
	b.key("ArrowRight", 39, "")
	b.is(`document.querySelector("#slot").innerText.includes("frame/header-checksum-zero")`)
	b.key("ArrowLeft", 37, "")
	b.key("Escape", 27, "")
	b.is(`!document.querySelector("dialog").open && document.activeElement.closest("tr").dataset.case === "c1"`)
	b.is(`document.querySelectorAll("#cases .one > .body").length === 7`)
	b.quiet()
}

func TestPageFilters(t *testing.T) {
	b := startBrowser(t)
	b.open(page(t, twoRuns(t)...), 1280, 900, "")
	b.click(`[data-verdict=crash]`)
	b.is(`document.querySelector("[data-verdict=crash]").getAttribute("aria-pressed") === "true"`)
	b.is(`document.querySelector("tr.case:not([hidden])").dataset.search.includes("heartbeat/pings-flood")`)
	b.click(`[data-verdict=timeout]`)
	b.is(`document.querySelectorAll("tr.case:not([hidden])").length === 2`)
	b.click(`[data-verdict=timeout]`)
	b.click(`[data-verdict=crash]`)
	b.click(`#differ`)
	b.is(`document.querySelectorAll("tr.case:not([hidden])").length === 5`)
	b.click(`#differ`)
	b.quiet()

	// What passes everywhere is folded away, and opens.
	one := twoRuns(t)[1]
	b.open(page(t, one), 1280, 900, "")
	b.is(`document.querySelector("tr.case").offsetParent === null`)
	b.click(`.area button`)
	b.is(`document.querySelector("tr.case").offsetParent !== null && document.querySelector(".area button").getAttribute("aria-expanded") === "true"`)
	b.click(`.area button`)
	b.click(`#all`)
	b.is(`document.querySelector("tr.case").offsetParent !== null`)
	b.quiet()
}

func TestPageByItsAddress(t *testing.T) {
	b := startBrowser(t)
	b.open(page(t, twoRuns(t)...), 390, 844, "#c1r0")
	b.is(`document.querySelector("dialog").open && document.querySelector("#slot").scrollTop === 0`)
	b.is(`document.querySelector("#slot .says").classList.contains("chosen")`)
	b.click(`#close`)
	b.is(`!document.querySelector("dialog").open && location.hash === ""`)
	b.quiet()
}

// TestPageWithoutScripts shows that everything is there, and that a cell leads to its case.
func TestPageWithoutScripts(t *testing.T) {
	b := startBrowser(t)
	b.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": true}, nil)
	for _, width := range []int{1280, 390} {
		b.open(page(t, wide(t)...), width, 844, "")
		b.fits()
		b.is(`getComputedStyle(document.querySelector(".filters")).display === "none" && document.querySelectorAll("tr.case").length === 7`)
		b.is(`!document.querySelector("#c1").open`)
		b.click(`tr[data-case=c1] td:nth-child(2) a`)
		b.is(`document.querySelector("#c1").open && document.querySelector("#c1 mark").offsetParent !== null`)
		b.is(`scrollY > 0`)
		b.fits()
	}
	b.shot("no-script")
	b.quiet()
}

// TestPageOfAnAttacker shows a report whose every text attacks.
func TestPageOfAnAttacker(t *testing.T) {
	b := startBrowser(t)
	for _, width := range []int{1280, 390} {
		b.open(page(t, hostileReport(t)), width, 844, "")
		b.fits()
		b.click(`tr[data-case=c1] td:nth-child(2) a`)
		b.is(`document.querySelector("dialog").open && window.pwned === undefined`)
		b.fits()
		b.is(`document.querySelectorAll("script").length === 1 && document.querySelectorAll("img").length === 0`)
		b.is(`document.querySelector(".run h2").textContent.startsWith("</script>")`)
		b.quiet()
	}
}
