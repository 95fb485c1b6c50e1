//! A producer's stream, as the C interface has it.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::{CString, c_char, c_int};
use std::ptr;

use arbitrary::Arbitrary;

use super::columns::Node;

/// What the producer itself does wrong.
#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    NoStream,
    NoSchema,
    FailedSchema,
    /// It fails at this batch, with or without a message.
    FailedBatch(u8, bool),
    /// The arguments beside it are refused.
    Argument,
}

#[repr(C)]
pub(super) struct Schema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    children: *mut *mut Schema,
    dictionary: *mut Schema,
    release: Option<unsafe extern "C" fn(*mut Schema)>,
    private_data: *mut Held<Schema>,
}

#[repr(C)]
pub(super) struct Array {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *mut *const u8,
    children: *mut *mut Array,
    dictionary: *mut Array,
    release: Option<unsafe extern "C" fn(*mut Array)>,
    private_data: *mut Held<Array>,
}

#[repr(C)]
pub(super) struct Stream {
    pub(super) get_schema: Option<unsafe extern "C" fn(*mut Stream, *mut Schema) -> c_int>,
    pub(super) get_next: Option<unsafe extern "C" fn(*mut Stream, *mut Array) -> c_int>,
    pub(super) get_last_error: Option<unsafe extern "C" fn(*mut Stream) -> *const c_char>,
    pub(super) release: Option<unsafe extern "C" fn(*mut Stream)>,
    pub(super) private_data: *mut State,
}

/// What a schema or an array points to. It is freed with its children, whatever these say.
struct Held<T> {
    _texts: Vec<CString>,
    _buffers: Vec<Vec<u64>>,
    pointers: Vec<*const u8>,
    _owned: Vec<Box<T>>,
    children: Vec<*mut T>,
}

impl Drop for Schema {
    fn drop(&mut self) {
        // SAFETY: it is ours, and dropped once.
        drop(unsafe { Box::from_raw(self.private_data) });
    }
}

impl Drop for Array {
    fn drop(&mut self) {
        // SAFETY: it is ours, and dropped once.
        drop(unsafe { Box::from_raw(self.private_data) });
    }
}

pub(super) struct State {
    pub(super) schema: Option<Node>,
    pub(super) batches: std::vec::IntoIter<Node>,
    pub(super) fault: Option<Fault>,
    pub(super) asked: u8,
}

thread_local! {
    /// Schemas, arrays and streams that are not released yet.
    pub(super) static HELD: Cell<i32> = const { Cell::new(0) };
}

pub(super) unsafe extern "C" fn get_schema(stream: *mut Stream, place: *mut Schema) -> c_int {
    // SAFETY: it is ours.
    let state = unsafe { &mut *(*stream).private_data };
    match (state.fault, state.schema.take()) {
        (Some(Fault::FailedSchema), _) | (_, None) => 5,
        // SAFETY: the consumer's place.
        (_, Some(node)) => unsafe {
            HELD.set(HELD.get() + 1);
            place.write(schema_of(node, release_schema));
            0
        },
    }
}

pub(super) unsafe extern "C" fn get_next(stream: *mut Stream, place: *mut Array) -> c_int {
    // SAFETY: it is ours.
    let state = unsafe { &mut *(*stream).private_data };
    let asked = state.asked;
    state.asked = asked.saturating_add(1);
    if matches!(state.fault, Some(Fault::FailedBatch(batch, _)) if batch % 4 == asked) {
        return 5;
    }
    // SAFETY: the consumer's place.
    unsafe {
        match state.batches.next() {
            Some(node) => {
                HELD.set(HELD.get() + 1);
                place.write(array_of(node, release_array));
            }
            None => (&raw mut (*place).release).write(None),
        }
    }
    0
}

pub(super) unsafe extern "C" fn get_last_error(stream: *mut Stream) -> *const c_char {
    // SAFETY: it is ours.
    match unsafe { &*(*stream).private_data }.fault {
        Some(Fault::FailedBatch(_, true)) => c"the producer failed".as_ptr(),
        _ => ptr::null(),
    }
}

pub(super) unsafe extern "C" fn release_stream(stream: *mut Stream) {
    HELD.set(HELD.get() - 1);
    // SAFETY: it is ours, and released once.
    unsafe {
        drop(Box::from_raw((*stream).private_data));
        (*stream).release = None;
    }
}

unsafe extern "C" fn release_schema(schema: *mut Schema) {
    HELD.set(HELD.get() - 1);
    // SAFETY: it is ours, and released once.
    unsafe {
        (*schema).release = None;
        ptr::drop_in_place(schema);
    }
}

unsafe extern "C" fn release_array(array: *mut Array) {
    HELD.set(HELD.get() - 1);
    // SAFETY: it is ours, and released once.
    unsafe {
        (*array).release = None;
        ptr::drop_in_place(array);
    }
}

/// Children are released with their parent, by nobody else.
unsafe extern "C" fn release_child<T>(_: *mut T) {
    HELD.set(HELD.get() - 1_000);
}

/// Returns children, and pointers to them: two more, for a number that is too large.
fn pointers<T>(owned: &mut [Box<T>], nulls: &[bool]) -> Vec<*mut T> {
    let pointers = owned
        .iter_mut()
        .zip(nulls)
        .map(|(child, is_null)| match is_null {
            true => ptr::null_mut(),
            false => &raw mut **child,
        });
    pointers.chain([ptr::null_mut(); 2]).collect()
}

type Release<T> = unsafe extern "C" fn(*mut T);

fn schema_of(node: Node, release: Release<Schema>) -> Schema {
    let nulls: Vec<_> = node.children.iter().map(|child| child.is_null).collect();
    let child = |node| Box::new(schema_of(node, release_child));
    let mut owned: Vec<_> = node.children.into_iter().map(child).collect();
    let children = pointers(&mut owned, &nulls);
    let dictionary = node.dictionary.map(|node| child(*node));
    owned.extend(dictionary);
    let dictionary = match owned.len() > nulls.len() {
        true => &raw mut *owned[nulls.len()],
        false => ptr::null_mut(),
    };
    let (format, name) = (node.format.as_ptr(), node.name.as_ptr());
    let mut held = Box::new(Held {
        _texts: vec![node.format, node.name],
        _buffers: Vec::new(),
        pointers: Vec::new(),
        _owned: owned,
        children,
    });
    Schema {
        format,
        name,
        metadata: ptr::null(),
        flags: 2,
        n_children: node.n_children,
        children: held.children.as_mut_ptr(),
        dictionary,
        release: (!node.is_released).then_some(release),
        private_data: Box::into_raw(held),
    }
}

fn array_of(node: Node, release: Release<Array>) -> Array {
    let nulls: Vec<_> = node.children.iter().map(|child| child.is_null).collect();
    let child = |node| Box::new(array_of(node, release_child));
    let mut owned: Vec<_> = node.children.into_iter().map(child).collect();
    let children = pointers(&mut owned, &nulls);
    let dictionary = node.dictionary.map(|node| child(*node));
    owned.extend(dictionary);
    let dictionary = match owned.len() > nulls.len() {
        true => &raw mut *owned[nulls.len()],
        false => ptr::null_mut(),
    };
    let buffers = node.buffers.iter().map(|buffer| match buffer.is_empty() {
        true => ptr::null(),
        false => buffer.as_ptr().cast(),
    });
    let mut held = Box::new(Held {
        _texts: Vec::new(),
        pointers: buffers.chain([ptr::null(); 2]).collect(),
        _buffers: node.buffers,
        _owned: owned,
        children,
    });
    Array {
        length: node.length,
        null_count: node.null_count,
        offset: node.offset,
        n_buffers: node.n_buffers,
        n_children: node.n_children,
        buffers: held.pointers.as_mut_ptr(),
        children: held.children.as_mut_ptr(),
        dictionary,
        release: (!node.is_released).then_some(release),
        private_data: Box::into_raw(held),
    }
}
