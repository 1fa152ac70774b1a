// Package driver speaks the driver protocol of conformance/DRIVER.md, from both sides: it starts drivers and asks them, and it is the loop of
// drivers that are written in Go.
//
//	p, err := driver.Start(ctx, driver.Command{Args: []string{"./my-driver"}})
//	answer, err := p.Do(ctx, driver.Request{Op: driver.OpDecode, Args: map[string]string{"what": "frame", "hex": "00ff"}})
//	err = p.Close()
//
// What a driver prints is foreign: every line is bounded, every wait ends, and whatever is wrong is a *Fault that says what and how the
// driver ended. The package knows nothing of Handfast itself, and gives no verdicts.
package driver
