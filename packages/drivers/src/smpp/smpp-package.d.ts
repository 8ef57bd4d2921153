/** The part of the `smpp` package (0.5.1) that is used here: its codec. The package has no types of its own. */
declare module 'smpp' {
  type FieldType = Readonly<{ size: (value: unknown) => number }>
  type Command = Readonly<{
    id: number
    command: string
    params?: Readonly<Record<string, Readonly<{ type: FieldType }>>>
  }>

  /** Fields are there or not by command, and by what the peer sent; without the package's filters they are numbers, strings and bytes. */
  export type Fields = {
    system_id?: string
    password?: string
    system_type?: string
    interface_version?: number
    addr_ton?: number
    addr_npi?: number
    address_range?: string
    service_type?: string
    source_addr_ton?: number
    source_addr_npi?: number
    source_addr?: string
    dest_addr_ton?: number
    dest_addr_npi?: number
    destination_addr?: string
    esm_class?: number
    registered_delivery?: number
    data_coding?: number
    short_message?: Buffer
    message_id?: string
    final_date?: string
    error_code?: number
    message_state?: number
    message_payload?: Buffer
    receipted_message_id?: string
    user_message_reference?: number
    sar_msg_ref_num?: number
    sar_total_segments?: number
    sar_segment_seqnum?: number
    additional_status_info_text?: string
  }

  export interface PDU extends Fields {
    command: string
    command_id: number
    command_status: number
    sequence_number: number
    isResponse(): boolean
    toBuffer(): Buffer
    _filter(direction: 'decode' | 'encode'): void
  }
  type Options = Fields & { command_status?: number; sequence_number?: number }

  const smpp: {
    PDU: { new (command: string, options?: Options): PDU; new (bytes: Buffer): PDU; maxLength: number }
    commands: Readonly<Record<string, Command | undefined>>
    types: Readonly<Record<'buffer' | 'cstring', FieldType>>
  }
  // eslint-disable-next-line no-restricted-exports -- so does the package: a CommonJS module
  export default smpp
}
