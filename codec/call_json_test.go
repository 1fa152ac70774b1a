package codec

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCallJSON(t *testing.T) {
	request := CallRequest{Method: "echo", DeadlineMS: 5000, Args: []byte{1, 255}}
	failed := &CallError{Code: CodeCallFailed, Name: "disk.full", Text: "a\"b", Processed: ProcessedNo, RetryMS: RetryNever, HasRetry: true, Data: []byte{}}
	asked, err := request.Append(nil)
	require.NoError(t, err)
	refused, err := failed.Append(nil)
	require.NoError(t, err)
	least, err := (&CallError{Code: 0x05FF, Processed: ProcessedYes}).Append(nil)
	require.NoError(t, err)
	for _, tc := range []struct {
		form func() ([]byte, error)
		want string
		msg  []byte
	}{
		{func() ([]byte, error) { return CallRequestJSON(request) }, `{"kind":"REQUEST","deadline_ms":"5000","method":"echo","args":"01ff"}`, asked},
		{func() ([]byte, error) { return CallReplyJSON([]byte{7}) }, `{"kind":"REPLY","value":"07"}`, AppendCallReply(nil, []byte{7})},
		{func() ([]byte, error) { return CallArgJSON(nil) }, `{"kind":"ARG","value":""}`, AppendCallArg(nil, nil)},
		{func() ([]byte, error) { return CallErrorJSON(failed) },
			`{"kind":"ERROR","code":"CALL_FAILED","data":"","name":"disk.full","processed":"no","retry_ms":"4294967295","text":"a\"b"}`, refused},
		{func() ([]byte, error) { return CallErrorJSON(&CallError{Code: 0x05FF, Processed: ProcessedYes}) },
			`{"kind":"ERROR","code":"0x000005FF","processed":"yes"}`, least},
	} {
		got, err := tc.form()
		require.NoError(t, err)
		require.Equal(t, tc.want, string(got))
		msg, err := CallFromJSON(got)
		require.NoError(t, err)
		require.Equal(t, tc.msg, msg)
	}
}

func TestCallFromJSONRefuses(t *testing.T) {
	for _, j := range []string{
		``, `null`, `[]`, `{}`, `{"kind":"NONE"}`, `{"kind":2}`, `{"kind":"ARG"}`, `{"kind":"REPLY","value":null}`, `{"kind":"REPLY","value":"0"}`,
		`{"kind":"REPLY","value":"0G"}`, `{"kind":"REPLY","value":"0A"}`, `{"kind":"REPLY","value":"00","more":"1"}`, `{"kind":"ARG","value":"00","args":"00"}`,
		`{"kind":"REQUEST","deadline_ms":"1","args":""}`,
		`{"kind":"REQUEST","deadline_ms":"1","method":"a b","args":""}`,
		`{"kind":"REQUEST","deadline_ms":1,"method":"a","args":""}`,
		`{"kind":"REQUEST","deadline_ms":"4294967296","method":"a","args":""}`,
		`{"kind":"REQUEST","method":"a","args":""}`,
		`{"kind":"REQUEST","deadline_ms":"1","method":"a"}`,
		`{"kind":"ERROR","processed":"no"}`,
		`{"kind":"ERROR","code":"CALL_FAILED"}`,
		`{"kind":"ERROR","code":"CALL_FAILED","processed":"never"}`,
		`{"kind":"ERROR","code":"CALL_FAILED","name":"","processed":"no"}`,
		`{"kind":"ERROR","code":"CALL_FAILED","processed":"no","retry_ms":"4294967296"}`,
		`{"kind":"ERROR","code":"CALL_FAILED","name":"` + strings.Repeat("n", 65) + `","processed":"no"}`,
	} {
		msg, err := CallFromJSON([]byte(j))
		require.Error(t, err, j)
		require.Nil(t, msg, j)
	}
}
