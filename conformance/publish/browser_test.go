package publish

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// browser drives one tab of a headless Chromium over its debugging pipe: messages of JSON that end with a zero byte. It is for one goroutine.
type browser struct {
	t       *testing.T
	in      io.Writer
	answers chan message
	loaded  chan struct{} // one for each page that is loaded
	session string
	last    int

	mu     sync.Mutex // guards events, which the reading goroutine fills
	events []message
}

// message is an answer, or an event if it has a method.
type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Result json.RawMessage `json:"result"`
	Params json.RawMessage `json:"params"`
	Error  json.RawMessage `json:"error"`
}

// startBrowser starts Chromium, of Debian's package chromium, which ends with the test.
func startBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is missing: apt-get install chromium")
		}
		t.Skip("SKIPPED: the page is not tried in a browser, because chromium is missing: apt-get install chromium")
	}
	childIn, in, err := os.Pipe()
	require.NoError(t, err)
	out, childOut, err := os.Pipe()
	require.NoError(t, err)
	// The page holds what a peer said, but it is this test's own, in a profile that is thrown away; in a container, and as root, the
	// sandbox of Chromium cannot start.
	cmd := exec.Command(path, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage",
		"--remote-debugging-pipe", "--user-data-dir="+t.TempDir(), "about:blank")
	cmd.ExtraFiles = []*os.File{childIn, childOut}
	require.NoError(t, cmd.Start())
	require.NoError(t, childIn.Close())
	require.NoError(t, childOut.Close())
	b := &browser{t: t, in: in, answers: make(chan message, 16), loaded: make(chan struct{}, 64)}
	read := make(chan struct{})
	go func() { // ends with the pipe; awaited below
		defer close(read)
		defer close(b.answers)
		r := bufio.NewReader(out)
		for {
			text, err := r.ReadBytes(0)
			if err != nil {
				return
			}
			var m message
			if json.Unmarshal(text[:len(text)-1], &m) != nil {
				return
			}
			if m.Method == "" {
				b.answers <- m
				continue
			}
			b.mu.Lock()
			b.events = append(b.events, m)
			b.mu.Unlock()
			if m.Method == "Page.loadEventFired" {
				b.loaded <- struct{}{}
			}
		}
	}()
	t.Cleanup(func() {
		b.session = ""
		b.send("Browser.close", nil)
		done := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait() // its exit code says nothing about the page
		done.Stop()
		_ = in.Close()
		_ = out.Close()
		<-read
	})
	var target struct {
		ID string `json:"targetId"`
	}
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var session struct {
		ID string `json:"sessionId"`
	}
	b.call("Target.attachToTarget", map[string]any{"targetId": target.ID, "flatten": true}, &session)
	b.session = session.ID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(domain+".enable", nil, nil)
	}
	return b
}

func (b *browser) send(method string, params any) {
	b.last++
	m := map[string]any{"id": b.last, "method": method}
	if params != nil {
		m["params"] = params
	}
	if b.session != "" {
		m["sessionId"] = b.session
	}
	text, err := json.Marshal(m)
	require.NoError(b.t, err)
	_, _ = b.in.Write(append(text, 0)) // a browser that is gone answers nothing, which call finds
}

// call sends a command and takes its result.
func (b *browser) call(method string, params, result any) {
	b.t.Helper()
	b.send(method, params)
	for {
		select {
		case m, ok := <-b.answers:
			require.True(b.t, ok, "%s: the browser ended", method)
			if m.ID != b.last {
				continue
			}
			require.Empty(b.t, string(m.Error), method)
			if result != nil {
				require.NoError(b.t, json.Unmarshal(m.Result, result))
			}
			return
		case <-time.After(60 * time.Second):
			b.t.Fatalf("%s: no answer", method)
		}
	}
}

// open shows a page in a viewport, and waits until it is loaded.
func (b *browser) open(html string, width, height int, fragment string) {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), "page.html")
	require.NoError(b.t, os.WriteFile(path, []byte(html), 0o600))
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}, nil)
	b.call("Page.navigate", map[string]any{"url": "file://" + path + fragment}, nil)
	select {
	case <-b.loaded:
	case <-time.After(60 * time.Second):
		b.t.Fatal("the page is not loaded")
	}
	b.settle()
}

// settle waits until the page has been drawn with what was done before, scripts or not.
func (b *browser) settle() {
	b.t.Helper()
	b.call("Page.captureScreenshot", map[string]any{"format": "jpeg", "quality": 1, "clip": map[string]any{"x": 0, "y": 0, "width": 8, "height": 8, "scale": 1}}, nil)
}

// eval evaluates an expression.
func (b *browser) eval(expression string, result any) {
	b.t.Helper()
	var r struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		Exception json.RawMessage `json:"exceptionDetails"`
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}, &r)
	require.Empty(b.t, string(r.Exception), expression)
	if result != nil {
		require.NoError(b.t, json.Unmarshal(r.Result.Value, result), "%s gives %s", expression, r.Result.Value)
	}
}

// is evaluates a condition.
func (b *browser) is(expression string) {
	b.t.Helper()
	var ok bool
	b.eval("!!("+expression+")", &ok)
	require.True(b.t, ok, expression)
}

// click clicks in the middle of an element, with a mouse.
func (b *browser) click(selector string) {
	b.t.Helper()
	var at [2]float64
	b.eval(fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({block: "center"}); const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2] })()`, selector), &at)
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		b.call("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1}, nil)
	}
	b.settle()
}

// key presses a key.
func (b *browser) key(name string, code int, text string) {
	b.t.Helper()
	press := map[string]any{"type": "keyDown", "key": name, "code": name, "windowsVirtualKeyCode": code}
	if text != "" {
		press["text"] = text
	}
	b.call("Input.dispatchKeyEvent", press, nil)
	b.call("Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": name, "code": name, "windowsVirtualKeyCode": code}, nil)
	b.settle()
}

// quiet fails if the page has said anything, or has asked for anything but itself.
func (b *browser) quiet() {
	b.t.Helper()
	b.settle()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		switch e.Method {
		case "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded":
			b.t.Errorf("%s: %s", e.Method, e.Params)
		case "Network.requestWillBeSent":
			var r struct {
				Request struct {
					URL string `json:"url"`
				} `json:"request"`
			}
			require.NoError(b.t, json.Unmarshal(e.Params, &r))
			if len(r.Request.URL) < 8 || r.Request.URL[:8] != "file:///" {
				b.t.Errorf("the page asks for %s", r.Request.URL)
			}
		}
	}
	b.events = nil
}

// shot writes a screenshot, where somebody wants to see one.
func (b *browser) shot(name string) {
	b.t.Helper()
	dir := os.Getenv("HANDFAST_SHOTS")
	if dir == "" {
		return
	}
	var r struct {
		Data string `json:"data"`
	}
	b.call("Page.captureScreenshot", map[string]any{"format": "png"}, &r)
	png, err := base64.StdEncoding.DecodeString(r.Data)
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
}
