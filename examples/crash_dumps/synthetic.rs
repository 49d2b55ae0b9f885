//! A crash dump of any size, as OTP 25 would write it for a node with many small processes: for benches, and for files that no test
//! node could be made to write.

use std::io::{self, Write};

/// How the dump is to be.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Processes.
    pub processes: u32,
    /// Cells of a list on the heap of each; a cell takes some 35 bytes of the file.
    pub cells: u32,
}

impl Shape {
    /// The dump that the program's budget is about: 100 000 processes, some 142 MB.
    pub fn budget() -> Self {
        Self { processes: 100_000, cells: 13 }
    }

    /// So many processes that the file has about so many bytes.
    #[allow(dead_code, reason = "a bench has no need of it")]
    pub fn of_bytes(bytes: u64) -> Self {
        let Self { cells, .. } = Self::budget();
        let bytes_each = 1_150 + 35 * u64::from(cells);
        Self { processes: u32::try_from(bytes / bytes_each).unwrap_or(u32::MAX), cells }
    }
}

/// The n-th process: its number has 15 bits, what is more is its serial.
fn pid(number: u32) -> String {
    format!("<0.{}.{}>", number & 0x7fff, number >> 15)
}

/// Writes a whole dump.
///
/// # Errors
/// When it can't be written.
pub fn write(out: &mut impl Write, shape: Shape) -> io::Result<()> {
    let Shape { processes, cells } = shape;
    let all_bytes = u64::from(processes) * 2_700 + 64_000_000;
    write!(
        out,
        "=erl_crash_dump:0.5\nTue Nov 24 12:00:00 2026\nSlogan: eheap_alloc: Cannot allocate 306586976 bytes of memory (of type \"heap\").\n\
         System version: Erlang/OTP 25 [erts-13.1.5] [source] [64-bit] [smp:2:2] [ds:2:2:10] [async-threads:1] [jit:ns]\n\
         Taints: crypto\nAtoms: 9227\nCalling Thread: scheduler:1\n=scheduler:1\nScheduler Sleep Info Flags: \nRun Queue Normal Length: 3\n\
         Current Process: <0.9.0>\n=memory\ntotal: {}\nprocesses: {all_bytes}\nprocesses_used: {all_bytes}\nsystem: 30000000\natom: 278697\n\
         atom_used: 256554\nbinary: 705256\ncode: 5529998\nets: 747824\n=index_table:atom_tab\nsize: 10240\nlimit: 1048576\nentries: 9227\n\
         =allocated_areas\nprocess_table: 12582912\n=allocator:eheap_alloc[1]\nmbcs blocks[eheap_alloc] size: {all_bytes} 0 0\n\
         mbcs carriers size: {} 0 0\n",
        all_bytes + 30_000_000,
        all_bytes + all_bytes / 4
    )?;
    for number in 0..processes {
        let (id, parent) = (pid(number), pid(number / 4));
        let (queue, heap) =
            (if number == 77 { 25_000 } else { number % 3 / 2 }, if number == 99 { 8_000_000 } else { 233 });
        write!(
            out,
            "=proc:{id}\nState: {}\nSpawned as: proc_lib:init_p/5\nSpawned by: {parent}\nMessage queue length: {queue}\n\
             Number of heap fragments: 0\nHeap fragment data: 0\nLink list: [{parent}, {{from,<0.3.0>,#Ref<0.1.2.{number}>}}]\nReductions: {}\n\
             Stack+heap: {heap}\nOldHeap: 0\nHeap unused: 133\nOldHeap unused: 0\nBinVHeap: 0\nOldBinVHeap: 0\nBinVHeap unused: 46422\n\
             OldBinVHeap unused: 46422\nMemory: {}\nProgram counter: 0x00007f1fc4808494 (gen_server:loop/7 + 92)\narity = 0\n\
             Internal State: ACT_PRIO_NORMAL | USR_PRIO_NORMAL | PRQ_PRIO_NORMAL\n",
            if number % 1000 == 0 { "Running" } else { "Waiting" },
            u64::from(number) * 7919 % 100_003,
            heap * 8 + 776,
        )?;
    }
    write!(
        out,
        "=port:#Port<0.3>\nState: CONNECTED\nConnected: <0.6.0>\nPort controls linked-in driver: tcp_inet\nInput: 1\nOutput: 2\nQueue: 0\n\
         =ets:<0.6.0>\nSlot: 94222570258880\nTable: orders\nName: orders\nObjects: 3000\nWords: 90000\nType: set\nProtection: public\n\
         =node:'shop@web1'\n=loaded_modules\nCurrent code: 5725112\nOld code: 0\n=mod:lists\nCurrent size: 16256\n"
    )?;
    for number in 0..processes {
        let id = pid(number);
        let base = 0x7f1f_0000_0000_u64 + u64::from(number) * 0x1_0000;
        write!(
            out,
            "=proc_dictionary:{id}\nH{base:X}\n=proc_stack:{id}\ny0:N\ny1:A8:infinity\ny2:H{:X}\n\
             0x{:016x}:SReturn addr 0xC0A12EC0 (proc_lib:init_p_do_apply/3 + 192)\ny0:N\ny1:N\ny2:SCatch 0xC0A12EDE (proc_lib:init_p_do_apply/3 + 222)\n\
             0x{:016x}:SReturn addr 0xC0800C30 (<terminate process normally>)\n=proc_heap:{id}\n\
             {base:X}:t2:AD:$initial_call,H{:X}\n{:X}:t3:A6:worker,A4:init,I1\n{:X}:t3:A5:state,I{number},H{:X}\n",
            base + 0x30,
            base + 0x800,
            base + 0x820,
            base + 0x18,
            base + 0x18,
            base + 0x30,
            base + 0x100,
        )?;
        for cell in 0..u64::from(cells) {
            let at = base + 0x100 + cell * 16;
            if cell + 1 < u64::from(cells) {
                writeln!(out, "{at:X}:lI{cell}|H{:X}", at + 16)?;
            } else {
                writeln!(out, "{at:X}:lI{cell}|N")?;
            }
        }
    }
    out.write_all(b"=atoms\nor\nthrow\nreturn\n=end\n")
}
