package goref_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"handfast/conformance"
	"handfast/conformance/driver"
	"handfast/conformance/drivers/goref"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestReferencePeerPasses judges the reference peer as a dialer, by what its driver says as well as by what it sends.
func TestReferencePeerPasses(t *testing.T) {
	start := func(context.Context) (*driver.Process, error) {
		d, err := goref.New(goref.Config{Software: "test", Version: "1", OpenTimeout: time.Second})
		if err != nil {
			return nil, err
		}
		p := d.Program()
		p.Timeout = 20 * time.Second
		return driver.Pipe(p), nil
	}
	report, err := conformance.Run(t.Context(), conformance.Config{
		Target: conformance.Target{Driver: start, Name: "the reference peer", OpenTimeout: time.Second},
		Run:    []string{"call/*", "close/*", "data/*", "stream/*", "tls/*", "version/*", "HELLO-022", "CAP-013"},
	})
	require.NoError(t, err)
	assert.Greater(t, report.Summary.Pass, 100)
	for _, r := range report.Cases {
		assert.Equal(t, conformance.Pass, r.Verdict, "%s: %s", r.ID, r.Detail)
	}
}

// TestReferencePeerDelivers judges it by the profile delivery, with what it takes in memory and in a folder.
func TestReferencePeerDelivers(t *testing.T) {
	for name, dir := range map[string]string{"memory": "", "folder": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			start := func(context.Context) (*driver.Process, error) {
				d, err := goref.New(goref.Config{Software: "test", Version: "1", OpenTimeout: time.Second, Dir: dir})
				if err != nil {
					return nil, err
				}
				p := d.Program()
				p.Timeout = 20 * time.Second
				return driver.Pipe(p), nil
			}
			report, err := conformance.Run(t.Context(), conformance.Config{
				Target:  conformance.Target{Driver: start, Name: "the reference peer", OpenTimeout: time.Second},
				Profile: conformance.ProfileDelivery,
				Run:     []string{"channel/*", "gap/*", "mirror/*"},
				Jobs:    1, // one driver alone may have the folder
			})
			require.NoError(t, err)
			assert.Greater(t, report.Summary.Pass, 100)
			for _, r := range report.Cases {
				assert.Equal(t, conformance.Pass, r.Verdict, "%s: %s", r.ID, r.Detail)
			}
		})
	}
}

// TestReferencePeerReplicates judges it as a sender of realtime.
func TestReferencePeerReplicates(t *testing.T) {
	start := func(context.Context) (*driver.Process, error) {
		d, err := goref.New(goref.Config{Software: "test", Version: "1", OpenTimeout: time.Second})
		if err != nil {
			return nil, err
		}
		p := d.Program()
		p.Timeout = 20 * time.Second
		return driver.Pipe(p), nil
	}
	report, err := conformance.Run(t.Context(), conformance.Config{
		Target:  conformance.Target{Driver: start, Name: "the reference peer", OpenTimeout: time.Second},
		Profile: conformance.ProfileRealtime,
		Jobs:    2,
	})
	require.NoError(t, err)
	assert.Equal(t, 10, report.Summary.Pass)
	for _, r := range report.Cases {
		assert.Equal(t, conformance.Pass, r.Verdict, "%s: %s", r.ID, r.Detail)
	}
}

// TestDriverEndsWithItsInput leaves a call waiting, and ends the input.
func TestDriverEndsWithItsInput(t *testing.T) {
	d, err := goref.New(goref.Config{Software: "test", Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	p := driver.Pipe(d.Program())
	_, err = p.SayHello(t.Context(), "1", conformance.Suite)
	require.NoError(t, err)
	a, err := p.Do(t.Context(), driver.Request{Op: driver.OpDial, Args: map[string]string{"link": "l", "addr": "127.0.0.1:1", "token": "x.suite.token.0"}})
	require.NoError(t, err)
	assert.Equal(t, driver.KindEnded, a.Kind)
	assert.Equal(t, "transport", a.By)
	a, err = p.Do(t.Context(), driver.Request{Op: driver.OpDial, Args: map[string]string{"link": "l", "addr": "127.0.0.1:1", "token": "x.t", "a_future_limit": "1"}})
	require.NoError(t, err)
	assert.Equal(t, driver.KindUnsupported, a.Kind, "an argument that it does not know")
	assert.NoError(t, p.Close())
}
