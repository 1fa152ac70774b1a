package call_test
import ("testing";"sync";"context"
"handfast/refimpl/call"
"handfast/refimpl/link")
func benchCalls(b *testing.B, n int){
 d,_ := pair(b, link.Config{}, link.Config{})
 args := make([]byte, 64)
 b.ReportAllocs(); b.ResetTimer()
 var wg sync.WaitGroup
 for range n { wg.Go(func(){ r:=make([]byte,0,64); for range b.N/n { var err error; if r,err=call.Call(context.Background(), d, "echo", args, r[:0]); err!=nil { b.Error(err); return } } }) }
 wg.Wait()
}
func BenchmarkTmpCall1(b *testing.B){benchCalls(b,1)}
func BenchmarkTmpCall16(b *testing.B){benchCalls(b,16)}
func BenchmarkTmpCall128(b *testing.B){benchCalls(b,128)}
