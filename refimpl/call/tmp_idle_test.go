package call_test
import ("testing";"runtime";"runtime/pprof";"os";"time";"fmt"
"handfast/refimpl/link")
func TestTmpIdle(t *testing.T){
 runtime.MemProfileRate=1
 var a,b runtime.MemStats
 runtime.GC(); runtime.ReadMemStats(&a)
 for range 500 { pair(t, link.Config{}, link.Config{}) }
 time.Sleep(500*time.Millisecond)
 runtime.GC();runtime.GC(); runtime.ReadMemStats(&b)
 fmt.Println("heap/link", (b.HeapAlloc-a.HeapAlloc)/500, "stack/link", (b.StackInuse-a.StackInuse)/500, "gor", runtime.NumGoroutine())
 f,_:=os.Create("/tmp/heap.prof"); pprof.WriteHeapProfile(f); f.Close()
}
