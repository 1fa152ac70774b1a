package mutant

import "testing"

// TestHealthyDialerPassesEveryCase is what every kill of a dialer rests on.
func TestHealthyDialerPassesEveryCase(t *testing.T) {
	p, err := StartDialer(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	passesEveryCase(t, p, 2)
}
